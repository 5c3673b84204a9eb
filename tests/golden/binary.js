'use strict';
// Traces of clients with sc-codec-min-bin: their packets are binary frames. Everything else here knows packets as JSON text, so the
// lines, and what the cluster sends, are put into that form; that each came in a binary frame is compared with the rest.

const path = require('node:path');
const { createRequire } = require('node:module');
const codec = createRequire(path.join(__dirname, '../integration/package.json'))('scmb3');

// The packet, ping or pong in a binary frame; undefined: it is something else, or broken.
function decode(hex) {
  try {
    const value = codec.decode(Buffer.from(hex, 'hex'));
    return typeof value === 'string' || (value !== null && typeof value === 'object') ? value : undefined;
  } catch (error) {
    return undefined;
  }
}

function toText(frame) {
  if (frame.frame !== 'binary') return frame;
  const value = decode(frame.payload);
  if (value === undefined) return frame;
  return { ...frame, frame: 'text', payload: typeof value === 'string' ? value : JSON.stringify(value), isBinary: true, hex: frame.payload };
}

// Of a loaded trace.
function translate(trace) {
  if (!trace.scenario.startsWith('codec-minbin')) return;
  trace.isBinary = true;
  trace.lines = trace.lines.map(toText);
}

// Makes a RawSocket receive and send what it would, were the client one with JSON.
function speak(raw) {
  const push = raw.inbox.push.bind(raw.inbox);
  raw.inbox.push = (item) => push(toText(item));
  raw.send = (packet) => raw.sendFrame('binary', codec.encode(packet));
}

module.exports = { speak, translate };
