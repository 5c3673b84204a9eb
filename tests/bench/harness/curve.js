'use strict';
// One curve as an SVG with logarithmic axes, and as CSV.

const WIDTH = 640;
const HEIGHT = 360;
const LEFT = 70;
const RIGHT = 20;
const TOP = 40;
const BOTTOM = 50;

function decades(values) {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.ceil(Math.log10(Math.max(...values)));
  return [low, Math.max(high, low + 1)];
}

function label(value) {
  return value >= 1 ? value.toLocaleString('en') : String(Number(value.toPrecision(1)));
}

function line(x1, y1, x2, y2, color) {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${color}"/>`;
}

function text(x, y, anchor, content) {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${content.replace(/&/g, '&amp;').replace(/</g, '&lt;')}</text>`;
}

// points: [[x, y], ...]
function svg(title, points, unit) {
  const xs = points.map((point) => point[0]);
  const [low, high] = decades(points.map((point) => point[1]));
  const xLow = Math.log10(Math.min(...xs));
  const xHigh = Math.log10(Math.max(...xs));
  const atX = (x) => LEFT + ((Math.log10(x) - xLow) / (xHigh - xLow || 1)) * (WIDTH - LEFT - RIGHT);
  const atY = (y) => TOP + ((high - Math.log10(y)) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const parts = [text(WIDTH / 2, 20, 'middle', title)];
  for (let decade = low; decade <= high; decade++) {
    const y = atY(10 ** decade);
    parts.push(line(LEFT, y, WIDTH - RIGHT, y, '#ddd'), text(LEFT - 8, y + 4, 'end', label(10 ** decade)));
  }
  for (const x of xs) {
    parts.push(line(atX(x), TOP, atX(x), HEIGHT - BOTTOM, '#eee'), text(atX(x), HEIGHT - BOTTOM + 18, 'middle', label(x)));
  }
  const path = points.map(([x, y]) => `${atX(x).toFixed(1)},${atY(y).toFixed(1)}`).join(' ');
  parts.push(`<polyline points="${path}" fill="none" stroke="#06c" stroke-width="2"/>`);
  for (const [x, y] of points) {
    parts.push(`<circle cx="${atX(x).toFixed(1)}" cy="${atY(y).toFixed(1)}" r="3" fill="#06c"/>`);
    parts.push(text(atX(x), atY(y) - 8, 'middle', String(Number(y.toPrecision(3)))));
  }
  parts.push(text(LEFT, HEIGHT - 8, 'start', unit));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" ` +
    `font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>\n${parts.join('\n')}\n</svg>\n`;
}

module.exports = { svg };
