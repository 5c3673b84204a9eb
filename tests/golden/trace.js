'use strict';
// Reads recorded traces. README.md says what a line is.

const fs = require('node:fs');
const path = require('node:path');
const { translate } = require('./binary');
const { nowS, sign, verify } = require('../integration/support/token');

const FOLDER = path.join(__dirname, 'traces');
const LIFETIME_S = 2; // of the tokens that expire while a trace of the kind expiry-* is replayed

function names(folder) {
  return fs.readdirSync(path.join(FOLDER, folder))
    .filter((file) => file.endsWith('.jsonl'))
    .map((file) => `${folder}/${file.slice(0, -'.jsonl'.length)}`)
    .sort();
}

// { name, options, lines }; lines without the first, which holds the options.
function load(name) {
  const text = fs.readFileSync(path.join(FOLDER, `${name}.jsonl`), 'utf8');
  const [first, ...lines] = text.trim().split('\n').map((line) => JSON.parse(line));
  const trace = { name, folder: name.split('/')[0], scenario: first.payload.scenario, options: first.payload.options, lines };
  restoreLeftOut(trace);
  renewTokens(trace);
  translate(trace);
  return trace;
}

// limit-default was shortened by hand: 998 subscriptions of the same form are left out.
function restoreLeftOut(trace) {
  if (trace.name !== 'cluster-v6/limit-default') return;
  const at = trace.lines.findIndex((line) => line.payload.includes('"c999"'));
  const left = [];
  for (let i = 1; i < 999; i++)
    left.push({ ...trace.lines[at], payload: trace.lines[at].payload.replace('c999', `c${i}`) });
  trace.lines.splice(at, 0, ...left);
}

// Tokens of expiry-* expired when they were recorded: clients present new ones, which expire soon. `expiresAt`: the second at
// which they do; `expiry` in errors is that, too.
function renewTokens(trace) {
  if (!trace.scenario.startsWith('expiry-')) return;
  const expiresAt = nowS() + LIFETIME_S;
  trace.expiresAt = expiresAt;
  for (const line of trace.lines) {
    if (line.frame !== 'text' || line.payload[0] !== '{') continue;
    line.payload = line.payload.replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, (token) => {
      const { claims } = verify(token);
      return claims.exp > 4000000000 ? token : sign({ ...claims, exp: expiresAt });
    }).replace(/("expiry":)\d+/g, `$1${expiresAt}`);
  }
}

module.exports = { load, names };
