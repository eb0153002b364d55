// Elements are made here and only here. Text becomes text nodes, never markup; the page's CSP (Trusted Types) enforces it.

export const $ = (id) => document.getElementById(id);

/** h("button.primary", {onclick, "aria-label": …}, "text", child, null, [more]) */
export function h(spec, props, ...children) {
  const [tag, ...classes] = spec.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, v] of Object.entries(value)) element.style.setProperty(key, v);
    else if (name in element && !name.startsWith("aria") && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

export function append(parent, children) {
  for (const child of children.flat(3)) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return parent;
}

export function fill(parent, ...children) {
  parent.replaceChildren();
  return append(parent, children);
}

const SHAPES = {
  back: ["M15 5l-7 7 7 7"],
  send: ["M4 12l16-8-6 16-3-6z", "M11 14l9-10"],
  plus: ["M12 5v14", "M5 12h14"],
  slash: ["M15 4L9 20"],
  eye: ["M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12z", "M12 9a3 3 0 100 6 3 3 0 000-6z"],
  swap: ["M4 8h14l-4-4", "M20 16H6l4 4"],
  check: ["M5 12.500l4.500 4.500L19 7"],
  down: ["M6 10l6 6 6-6"],
  up: ["M6 15l6-6 6 6"],
  file: ["M6 3h8l5 5v13H6z", "M14 3v5h5"],
  open: ["M9 5H5v14h14v-4", "M13 4h7v7", "M20 4l-9 9"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  alert: ["M12 7v6", "M12 16.500v.5", "M12 3a9 9 0 100 18 9 9 0 000-18z"],
  clock: ["M12 3a9 9 0 100 18 9 9 0 000-18z", "M12 7.500V12l3 2"],
  people: ["M9 5a3.500 3.500 0 100 7 3.500 3.500 0 000-7z", "M2.500 19.500c.8-3.500 3.500-5 6.500-5s5.700 1.500 6.500 5", "M16 5.500a3.500 3.500 0 010 6.500", "M18 15c2 .6 3.200 2 3.700 4.500"],
  flag: ["M5 21V4", "M5 4h12l-2.500 4L17 12H5"],
};

/** A line icon, hidden from screen readers: the control around it has the name. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  for (const d of SHAPES[name]) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

const MARKS = {
  "🟢": ["good"], "🟡": ["watch"], "🟠": ["watch"], "🔴": ["bad"], "🔵": ["info"], "⚪": ["done"],
  "✅": ["good", "check"], "❌": ["bad", "close"], "⚠️": ["watch", "alert"], "⚠": ["watch", "alert"], "⏳": ["info", "clock"], "⏰": ["watch", "clock"],
};
const MARK = /(🟢|🟡|🟠|🔴|🔵|⚪|✅|❌|⚠\uFE0F?|⏳|⏰)/u;

const JOINED = [[/(今天|昨天|前天|明天|后天|\d{2}-\d{2}) (?=\d{2}:\d{2})/g, "$1\u00a0"], [/ +·(?= )/g, "\u00a0·"]];

/** A day stays with its hour, and no line begins with the dot that parts two facts. */
const keep = (text) => JOINED.reduce((said, [found, kept]) => said.replace(found, kept), text);

/** State marks drawn by us: an office machine without an emoji font would show empty boxes. The text stays for copying. */
export function withMarks(text) {
  if (!MARK.test(text)) return [keep(text)];
  return text.split(MARK).map((part) => {
    const [tone, shape] = MARKS[part] || [];
    if (!tone) return keep(part);
    return h("span.mark" + (shape ? "" : ".dot"), { "data-tone": tone }, h("span.sr", {}, part), shape ? icon(shape) : null);
  });
}

const PALETTE = ["#3370ff", "#0f9d8a", "#e8743b", "#8a55d7", "#d6447c", "#4b7f2a", "#b5820b", "#5b6b82"];

/** A person's square with the last two letters of the name, as Chinese work chats draw it; the bot has a face. */
export function avatar(person, size = "") {
  if (!person || !person.id) {
    return h("img.avatar" + size, { src: "/console/static/bot.svg", alt: "", width: 36, height: 36 });
  }
  const letters = [...person.name];
  const shown = /^[\x20-\x7e]+$/.test(person.name) ? letters.slice(0, 2) : letters.slice(-2);
  const sum = [...person.id].reduce((n, c) => (n * 31 + c.codePointAt(0)) >>> 0, 7);
  const colour = /^#[0-9a-f]{3,8}$/i.test(person.colour || "") ? person.colour : PALETTE[sum % PALETTE.length];
  return h("span.avatar" + size, { style: { "--colour": colour }, "aria-hidden": "true" }, shown.join(""));
}

/** Whether this machine can draw Chinese: two different characters must not come out as the same empty box. */
export function ensureChinese() {
  const draw = (letter) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 24, height: 24 });
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.font = "20px sans-serif";
    pen.fillText(letter, 1, 20);
    return pen.getImageData(0, 0, 24, 24).data.join();
  };
  if (draw("单") === draw("群")) document.documentElement.classList.add("needs-font");
}
