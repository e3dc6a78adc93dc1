"""The few lines of XML that connect a telephone call to its stream."""

from xml.sax.saxutils import quoteattr


def connect(url: str, parameters: dict[str, str]) -> str:
    """TwiML that hands a call over to the stream at `url`, with `parameters`, until that ends."""
    lines = "".join(
        f"<Parameter name={quoteattr(name)} value={quoteattr(value)}/>" for name, value in parameters.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<Response><Connect><Stream url={quoteattr(url)}>{lines}</Stream></Connect></Response>"
    )
