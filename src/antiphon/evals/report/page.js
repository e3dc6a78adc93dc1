// Captions and timeline follow the sound, and a click on either goes to that place of it.
for (const talk of document.querySelectorAll(".talk")) {
  const audio = talk.querySelector("audio");
  const picture = talk.querySelector(".timeline");
  const now = picture.querySelector(".now");
  const lines = [...talk.querySelectorAll(".captions li")];
  if (!audio) continue;
  for (const part of [...lines, ...talk.querySelectorAll(".said")]) {
    part.addEventListener("click", () => {
      audio.currentTime = Math.max(0, Number(part.dataset.at) - 0.15);
      audio.play();
    });
  }
  audio.addEventListener("timeupdate", () => {
    const at = audio.currentTime;
    const x = picture.viewBox.baseVal.width * at / Number(picture.dataset.seconds);
    now.style.opacity = 1;
    now.setAttribute("x1", x);
    now.setAttribute("x2", x);
    for (const line of lines) {
      line.classList.toggle("on", at >= Number(line.dataset.at) && at < Number(line.dataset.until));
    }
  });
}
