"""One WebRTC connection, and the only module that knows aiortc's insides.

Three things are done otherwise than aiortc does them by itself. It is told which addresses to offer, and no
server to ask for others. It learns where a client is from the checks that the client sends, authenticated by
what both exchanged over HTTP, instead of from addresses in the offer: so the server never sends a packet to
an address because a client wrote it down. And what comes in is given on as it comes, without the 80 ms that
are kept for a decoder thread.
"""

import ipaddress
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from aioice.ice import get_host_addresses
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription

from antiphon.contracts import BadRequest
from antiphon.server.rtc.incoming import Media
from antiphon.server.rtc.outgoing import Outgoing, Track

SDP_BYTES_MAX = 32_768
_LEARNED = ("a=candidate:", "a=end-of-candidates")
"""Lines of an offer that tell where the client may be."""


def checked_offer(text: str) -> str:
    """An offer of one audio stream and at most one data channel, without addresses.

    Raises:
        BadRequest: it is anything else.
    """
    if len(text.encode(errors="replace")) > SDP_BYTES_MAX:
        raise BadRequest(f"An offer has at most {SDP_BYTES_MAX} bytes.", code="invalid_offer")
    lines = text.replace("\r\n", "\n").strip().split("\n")
    media = [line[2:].split(" ", 1)[0] for line in lines if line.startswith("m=")]
    if not lines[0].startswith("v=0") or not media:
        raise BadRequest("The body is no SDP offer.", code="invalid_offer")
    if sorted(media) not in (["audio"], ["application", "audio"]):
        raise BadRequest(
            f"A call has one audio stream and at most one data channel; this offer has {', '.join(media)}.",
            code="invalid_offer",
        )
    return "\r\n".join(line for line in lines if not line.startswith(_LEARNED)) + "\r\n"


def offered_addresses(configured: Sequence[str], host: str) -> tuple[str, ...]:
    """Where clients are told to send their sound to.

    What is configured; else the one address the server listens on, if it is one that others can reach; else
    loopback and every address of this machine, because a browser on it uses any of them.
    """
    if configured:
        return tuple(configured)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is not None and not address.is_loopback and not address.is_unspecified:
        return (host,)
    return ("127.0.0.1", *get_host_addresses(use_ipv4=True, use_ipv6=True))


class Peer:
    """One connection.

    Args:
        outgoing: what is sent.
        hear: takes every packet of the caller's sound.
        addresses: where we can be reached.
    """

    def __init__(self, outgoing: Outgoing, hear: Callable[[Media], None], addresses: Sequence[str]) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._outgoing, self._addresses = outgoing, list(addresses)
        self._track = Track(outgoing)
        self._transceiver = self.connection.addTransceiver(self._track)
        capabilities = RTCRtpReceiver.getCapabilities("audio")
        assert capabilities is not None
        self._transceiver.setCodecPreferences(
            [codec for codec in capabilities.codecs if codec.mimeType == "audio/opus"]
        )
        # Stand where aiortc's jitter buffer stood: nothing waits, and nothing is decoded behind us.
        setattr(self._transceiver.receiver, "_RTCRtpReceiver__jitter_buffer", _Tap(hear))  # noqa: B010 - a class mangles such a name

    async def answer(self, offer: str) -> str:
        """The answer to a checked offer. BadRequest: it cannot be met."""
        try:
            await self.connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            self._gather_ours()
            await self.connection.setLocalDescription(await self.connection.createAnswer())
        except Exception as error:
            # What aiortc raises at an offer it cannot read is of any kind.
            raise BadRequest(
                f"This offer cannot be met ({type(error).__name__}: {error}).", code="invalid_offer"
            ) from error
        return self.connection.localDescription.sdp

    def rtp_timestamp(self, timestamp: int) -> int | None:
        """The track's `timestamp` as it stands on the wire; None before anything was sent."""
        newest: int = getattr(self._transceiver.sender, "_RTCRtpSender__rtp_timestamp")  # noqa: B009 - as above
        sent = timestamp - self._outgoing.last_timestamp
        return (newest + sent) % (1 << 32) if self._outgoing.last_timestamp >= 0 else None

    async def close(self) -> None:
        """Say goodbye and let go of the ports."""
        self._track.stop()
        await self.connection.close()

    def _gather_ours(self) -> None:
        """Have every transport gather our addresses and no others."""
        transports = {self._transceiver.receiver.transport}
        if self.connection.sctp is not None:
            transports.add(self.connection.sctp.transport)
        for transport in transports:
            ice: Any = getattr(transport.transport.iceGatherer, "_connection")  # noqa: B009 - private, and untyped
            ice.get_component_candidates = partial(_at, self._addresses, ice.get_component_candidates)


async def _at(ours: list[str], gather: Any, component: int, addresses: list[str]) -> Any:
    """aioice's way to gather candidates, for our addresses instead of those it found."""
    return await gather(component, ours)


class _Tap:
    """What `RTCRtpReceiver` asks of a jitter buffer."""

    def __init__(self, hear: Callable[[Media], None]) -> None:
        self._hear = hear

    def add(self, packet: Any) -> tuple[bool, None]:
        self._hear(Media(packet.sequence_number, packet.timestamp, packet.payload))
        return False, None
