// A camera for codes on cards, where the browser can read them. Without it, typing and hand scanners work the same.
const template = document.querySelector("template[data-scan]");

async function canRead() {
  if (!template || !("BarcodeDetector" in window) || !navigator.mediaDevices) return false;
  return (await window.BarcodeDetector.getSupportedFormats()).includes("qr_code");
}

async function scan(button, video, input) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const stop = () => {
    stream.getTracks().forEach((track) => track.stop());
    video.hidden = true;
    button.setAttribute("aria-pressed", "false");
  };
  button.setAttribute("aria-pressed", "true");
  button.addEventListener("click", stop, { once: true });
  window.addEventListener("pagehide", stop, { once: true });
  video.hidden = false;
  video.srcObject = stream;
  await video.play();
  const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
  while (!video.hidden) {
    const [found] = await detector.detect(video);
    if (found) {
      input.value = found.rawValue;
      stop();
      input.focus();
    }
    await new Promise(requestAnimationFrame);
  }
}

if (await canRead()) {
  const copy = template.content.cloneNode(true);
  const [button, video] = [copy.querySelector("button"), copy.querySelector("video")];
  const input = document.getElementById(template.dataset.scan);
  template.replaceWith(copy);
  button.addEventListener("click", () => {
    if (video.hidden) scan(button, video, input).catch(() => (video.hidden = true));
  });
}
