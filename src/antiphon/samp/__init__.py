"""Single agent, multiple personality: cast, scenes and the state fold. Its room is kept here."""
