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
const AT_ONCE = 100; // most of the time a scenario waits

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

// Those that take long first.
function scenariosOf(isKilling) {
  const chosen = SCENARIOS.filter((scenario) => Boolean(scenario.killsWorkers) === isKilling);
  return [...chosen.filter((scenario) => scenario.isSlow), ...chosen.filter((scenario) => !scenario.isSlow)];
}

function cellsOf(server, opened, isKilling) {
  return (t) => {
    const cells = [];
    for (const scenario of scenariosOf(isKilling))
      for (const setting of settings())
        cells.push(t.test(`${setting.name}, ${server.name}: ${scenario.name}`, () => runCell(opened, setting, scenario, server)));
    return Promise.all(cells);
  };
}

for (const server of servers) {
  test(`server ${server.name}`, async (t) => {
    const opened = Place.open(server);
    opened.catch(() => {}); // each cell says so
    await t.test('scenarios', { concurrency: AT_ONCE }, cellsOf(server, opened, false));
    await opened.then((place) => place.expect(settings().length), () => {});
    await t.test('scenarios in which workers die', { concurrency: true }, cellsOf(server, opened, true));
    await t.test('the cluster ends in order', async () => (await opened).close());
  });
}

test('the table in README.md is what this run gave', { skip: isFull ? false : 'this is a part of the matrix' }, () => {
  if (process.argv.includes('--update')) updateReadme(results);
  checkReadme(results);
});

process.on('exit', () => results.write());
