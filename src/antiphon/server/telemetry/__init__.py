"""What the server tells of its own work: metrics, traces and logs. They hold no words unless told to."""
