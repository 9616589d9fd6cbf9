// Looks at a page as somebody would who cannot see well, has no mouse, or has a
// small screen. Returns what is wrong, as a list of sentences.

const wrong = [];

function say(element, message) {
  wrong.push(`${element.tagName} "${element.textContent.trim().slice(0, 30)}"` +
    ` ${message}`);
}

function channels(color) {
  const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
  return { r, g, b, a };
}

// WCAG 2: relative luminance and contrast ratio
function luminance({ r, g, b }) {
  const [x, y, z] = [r, g, b].map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

function ground(element) {
  for (let at = element; at; at = at.parentElement) {
    const color = channels(getComputedStyle(at).backgroundColor);
    if (color.a === 1) return color;
  }
  return { r: 255, g: 255, b: 255 };
}

for (const element of document.querySelectorAll("body *")) {
  const text = [...element.childNodes].some((node) =>
    node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== "");
  const ratio = contrast(channels(getComputedStyle(element).color),
    ground(element));
  if (text && ratio < 4.5) say(element, `has a contrast of ${ratio.toFixed(2)}`);
}

for (const field of document.querySelectorAll("textarea, input")) {
  if (field.type === "hidden") continue;
  if (field.labels.length === 0) say(field, "has no label");
}

for (const target of document.querySelectorAll("button, .button, textarea")) {
  const { height } = target.getBoundingClientRect();
  if (height < 44) say(target, `is ${height} pixels high`);
}

for (const image of document.querySelectorAll("img")) {
  if (!image.alt) say(image, "has no description");
}

if (document.documentElement.lang === "") wrong.push("no language is given");
if (document.querySelectorAll("h1").length !== 1) wrong.push("not one h1");
if (document.querySelectorAll("main").length !== 1) wrong.push("not one main");
if (document.title === "") wrong.push("no title");
if (document.scripts.length > 0) wrong.push("there are scripts");

const { scrollWidth, clientWidth } = document.documentElement;
if (scrollWidth > clientWidth) {
  wrong.push(`the page is ${scrollWidth} wide on a screen of ${clientWidth}`);
}

return wrong;
