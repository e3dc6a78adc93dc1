// In place of a device: a microphone that says what the test hands it, at the moment it does.
(() => {
  let context, destination;
  const open = () => {
    context ??= new AudioContext();
    destination = context.createMediaStreamDestination();
    const room = context.createConstantSource();
    room.offset.value = 0;
    room.connect(destination);
    room.start();
    const [track] = destination.stream.getAudioTracks();
    Object.defineProperty(track, "label", { value: "Built-in microphone" });
  };
  window.__mic = {
    opened: 0,
    problem: null,
    say(pcm) {
      const bytes = Uint8Array.from(atob(pcm), (letter) => letter.charCodeAt(0));
      const samples = new Float32Array(bytes.buffer);
      const buffer = context.createBuffer(1, samples.length, 24000);
      buffer.copyToChannel(samples, 0);
      const source = context.createBufferSource();
      source.buffer = buffer;
      source.connect(destination);
      source.start();
    },
    unplug() {
      for (const track of destination.stream.getTracks()) track.dispatchEvent(new Event("ended"));
    },
  };
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    window.__mic.constraints = constraints;
    if (window.__mic.problem !== null) throw new DOMException("as the test wants it", window.__mic.problem);
    const permission = await real(constraints);
    permission.getTracks().forEach((track) => track.stop());
    open();
    await context.resume();
    window.__mic.opened++;
    return destination.stream;
  };
})();
