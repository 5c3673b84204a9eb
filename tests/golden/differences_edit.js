'use strict';
// Editing the lines of a trace.

const { parse } = require('./replay');

function text(line) {
  return line.frame === 'text' ? parse(line.payload) : undefined;
}

// Changes each packet of the server for which `change` returns another one; null removes it.
function eachPacket(lines, change) {
  for (let i = lines.length - 1; i >= 0; i--) {
    const packet = lines[i].dir === 's2c' ? text(lines[i]) : undefined;
    if (packet === null || typeof packet !== 'object') continue;
    const changed = change(packet, lines[i], i);
    if (changed === undefined) continue;
    if (changed === null) lines.splice(i, 1);
    else lines[i].payload = JSON.stringify(changed);
  }
}

function sent(client, packet, dir = 's2c') {
  return { t: 0, dir, client, frame: 'text', payload: typeof packet === 'string' ? packet : JSON.stringify(packet) };
}

module.exports = { eachPacket, sent, text };
