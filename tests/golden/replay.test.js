'use strict';
// Each recorded trace against the cluster: see README.md.

const assert = require('node:assert');
const { test } = require('node:test');
const { Cluster } = require('../integration/support/cluster');
const { act } = require('./actions');
const { differences } = require('./differences');
const { prepare, settings } = require('./prepare');
const { Replay } = require('./replay');
const { replayHttp } = require('./replay_http');
const { load, names } = require('./trace');

const FOLDERS = ['v6', 'v14', 'v20', 'cluster-v6', 'presence-v6'];
// By program: only traces whose names contain this.
const ONLY = process.env.SC_TRACE || '';

// Puts the listed differences into a trace. Each must be in it.
function applyDifferences(trace) {
  for (const difference of differences) {
    if (!difference.traces.test(trace.name)) continue;
    const before = JSON.stringify(trace.lines);
    difference.edit(trace.lines, trace);
    assert.notStrictEqual(JSON.stringify(trace.lines), before, `${trace.name} has no such difference: ${difference.what}`);
  }
}

async function replay(cluster, name) {
  const trace = prepare(load(name));
  applyDifferences(trace);
  if (trace.scenario.startsWith('transport-')) return replayHttp(cluster.port, trace);
  return new Replay({ port: cluster.port, act }, trace, { scale: trace.scale }).run();
}

// Traces that can share a cluster: those of the same settings. Presence traces have one each: presence outlives them.
function groups() {
  const found = new Map();
  for (const name of FOLDERS.flatMap(names)) {
    if (!name.includes(ONLY)) continue;
    const trace = prepare(load(name));
    const isAlone = trace.folder === 'presence-v6' || trace.scenario.startsWith('expiry-');
    const key = JSON.stringify([settings(trace), isAlone && name]);
    if (!found.has(key)) found.set(key, { settings: settings(trace), names: [] });
    found.get(key).names.push(name);
  }
  return [...found.values()];
}

test('what the cluster sends is what the originals sent, but for the listed differences', { concurrency: 3 }, async (t) => {
  const all = groups();
  assert.ok(all.length > 0, `no trace is named like ${ONLY}`);
  await Promise.all(all.map((group) => t.test(`${group.names[0]} and ${group.names.length - 1} more`, async (s) => {
    const cluster = await Cluster.of(s, group.settings);
    for (const name of group.names) await s.test(name, () => replay(cluster, name));
  })));
});

test('each listed difference belongs to a trace', () => {
  const all = FOLDERS.flatMap(names);
  for (const difference of differences) {
    assert.ok(all.some((name) => difference.traces.test(name)), difference.what);
    assert.match(difference.why, /docs\/protocol\.md, /);
  }
});
