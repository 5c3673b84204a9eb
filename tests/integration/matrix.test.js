'use strict';
// The matrix: each release of the client with each of its settings runs each scenario on a cluster with each setting of the server
// (matrix/axes.js has them as data). The last test holds the table in README.md against what came out.
//
//     npm run matrix                  # runs it all, checks the table
//     npm run matrix -- --update      # runs it all, writes the table
//
// SC_MATRIX_OUT: folder for matrix.json and matrix.md; the build folder by default.

const { test } = require('node:test');
const { isFull, servers, settings } = require('./matrix/axes');
const { Place } = require('./matrix/place');
const { Scene } = require('./matrix/scene');
const { Results, updateReadme, checkReadme } = require('./matrix/table');
const channelScenarios = require('./matrix/channel_scenarios');
const sessionScenarios = require('./matrix/session_scenarios');

const SCENARIOS = [...sessionScenarios, ...channelScenarios];

// Scenarios that do something keep this process busy: too many at once, and clients answer late. Those that only wait may be any number.
const AT_ONCE = 24;

const results = new Results(SCENARIOS);

async function runCell(opened, setting, scenario, server) {
  try {
    const place = await opened;
    const scene = new Scene(place, setting);
    try {
      await scenario.run(scene);
    } finally {
      scene.close();
    }
    results.passed(setting, scenario, server);
  } catch (error) {
    results.failed(setting, scenario, server, error);
    throw error;
  }
}

// All settings in all scenarios of a kind.
function cellsOf(kind, server, opened) {
  return (t) => {
    const cells = [];
    for (const scenario of SCENARIOS.filter((each) => each.kind === kind))
      for (const setting of settings(server))
        cells.push(t.test(`${setting.name}, ${server.name}: ${scenario.name}`, () => runCell(opened, setting, scenario, server)));
    return Promise.all(cells);
  };
}

for (const server of servers) {
  test(`server ${server.name}`, { concurrency: true }, async (t) => {
    const opened = Place.open(server);
    opened.catch(() => {}); // each cell says so
    await Promise.all([
      t.test('scenarios that wait', { concurrency: true }, cellsOf('waits', server, opened)),
      t.test('scenarios', { concurrency: AT_ONCE }, cellsOf(undefined, server, opened)),
    ]);
    await opened.then((place) => place.expect(settings(server).length), () => {});
    await t.test('scenarios in which workers die', { concurrency: true }, cellsOf('kills workers', server, opened));
    await t.test('the cluster ends in order', async () => (await opened).close());
  });
}

test('the table in README.md is what this run gave', { skip: isFull ? false : 'this is a part of the matrix' }, () => {
  if (process.argv.includes('--update')) updateReadme(results);
  checkReadme(results);
});

process.on('exit', () => results.write());
