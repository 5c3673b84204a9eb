'use strict';
// Plays a transport-* trace: requests as they were sent, answers compared by status, headers and body.

const assert = require('node:assert');
const { RawSocket, parseHead, readAnswer } = require('../integration/support/raw');

// Headers that say when or over which connection something was sent, not what.
const NOT_COMPARED = ['date', 'keep-alive'];

function describe(head, body) {
  const headers = { ...head.headers };
  for (const name of NOT_COMPARED) delete headers[name];
  return { line: head.line, headers, body };
}

function recorded(text) {
  const head = parseHead(Buffer.from(text, 'latin1'));
  return describe(head, head.rest.toString('latin1'));
}

// What became of one request: the answer, and whether the connection stayed open.
async function exchange(port, request) {
  const raw = await RawSocket.tcp(port);
  try {
    raw.socket.write(Buffer.from(request, 'latin1'));
    const answer = await readAnswer(raw);
    const actual = { ...describe(answer, answer.body), end: 'still-open' };
    if (answer.status === 101) {
      raw.isWebSocket = true;
      await raw.fence();
    } else if (answer.headers.connection !== 'keep-alive') {
      await raw.eof();
      actual.end = 'eof';
    }
    return actual;
  } finally {
    raw.destroy();
  }
}

async function replayHttp(port, trace) {
  const labels = [...new Set(trace.lines.map((line) => line.client))];
  for (const label of labels) {
    const lines = trace.lines.filter((line) => line.client === label);
    const find = (dir, frames) => lines.find((line) => line.dir === dir && frames.includes(line.frame));
    const answer = find('s2c', ['http']);
    const expected = answer ? recorded(answer.payload) : {};
    expected.end = find('s2c', ['still-open', 'eof']).frame;
    const actual = await exchange(port, find('c2s', ['http']).payload);
    assert.deepStrictEqual(actual, expected, `${trace.name}, ${label}`);
  }
}

module.exports = { replayHttp };
