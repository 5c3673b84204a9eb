'use strict';
// Traces of clients with sc-codec-min-bin: their packets are binary frames. Everything else here knows packets as JSON text, so the
// lines are put into that form; that each came in a binary frame is compared with the rest.

const { toText } = require('../integration/support/minbin');

// Of a loaded trace.
function translate(trace) {
  if (!trace.scenario.startsWith('codec-minbin')) return;
  trace.isBinary = true;
  trace.lines = trace.lines.map((line) => ({ ...line, ...toText({ frame: line.frame, payload: line.payload }) }));
}

module.exports = { translate };
