'use strict';
// What a run of the matrix gave, as a file for programs, as a table, and in README.md. A cell of the table stands for one release with one
// codec in one scenario: it is good only if every setting was run and passed.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { buildDir } = require('../support/cluster');
const { isFull, servers, settings, variants } = require('./axes');

const README = path.resolve(__dirname, '../../../README.md');
const BEGIN = '<!-- matrix -->';
const END = '<!-- /matrix -->';
const GOOD = '✓';
const BAD = '**fails**';

class Results {
  constructor(scenarios) {
    this.scenarios = scenarios;
    this.cells = new Map(); // by setting, server and scenario; what is not in it was not run
  }

  static key(setting, scenario, server) {
    return [setting.name, server.name, scenario.name].join(' / ');
  }

  passed(setting, scenario, server) {
    this.cells.set(Results.key(setting, scenario, server), { passed: true });
  }

  failed(setting, scenario, server, error) {
    this.cells.set(Results.key(setting, scenario, server), { passed: false, error: String(error && error.message) });
  }

  hasPassed(setting, scenario, server) {
    const cell = this.cells.get(Results.key(setting, scenario, server));
    return cell !== undefined && cell.passed;
  }

  // Which settings each row has met on which servers, by its release and codec.
  rows() {
    const rows = new Map();
    for (const server of servers) {
      for (const setting of settings(server)) {
        const name = `${setting.release.name} | ${setting.codec.name}`;
        if (!rows.has(name)) rows.set(name, []);
        rows.get(name).push({ setting, server });
      }
    }
    return rows;
  }

  cellText(row, scenario) {
    return row.every(({ setting, server }) => this.hasPassed(setting, scenario, server)) ? GOOD : BAD;
  }

  // What a cell stands for.
  caption() {
    const passed = [...this.cells.values()].filter((cell) => cell.passed).length;
    const names = (list) => list.map((item) => `*${item.name}*`).join(', ');
    return [
      `Server: ${names(servers)}. Client: ${names(variants)}.`,
      `${GOOD}: passed with each setting of the server and each that the client has; ${passed} of ${this.expectedCells()} runs passed.`,
    ].join('\n');
  }

  expectedCells() {
    return servers.reduce((sum, server) => sum + settings(server).length, 0) * this.scenarios.length;
  }

  table() {
    const lines = [
      this.caption(),
      '',
      `| client | codec | ${this.scenarios.map((scenario) => scenario.name).join(' | ')} |`,
      `| --- | --- |${' :-: |'.repeat(this.scenarios.length)}`,
    ];
    for (const [name, row] of this.rows())
      lines.push(`| ${name} | ${this.scenarios.map((scenario) => this.cellText(row, scenario)).join(' | ')} |`);
    return lines.join('\n');
  }

  write() {
    const folder = process.env.SC_MATRIX_OUT || buildDir();
    const failed = [...this.cells].filter(([, cell]) => !cell.passed).map(([name, cell]) => ({ name, error: cell.error }));
    const summary = { full: isFull, cells: this.cells.size, failed };
    fs.writeFileSync(path.join(folder, 'matrix.json'), `${JSON.stringify(summary, null, 2)}\n`);
    fs.writeFileSync(path.join(folder, 'matrix.md'), `${this.table()}\n`);
  }
}

// Where the table stands in the text: from the end of the one marker to the beginning of the other.
function tablePlace(text) {
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  assert.ok(from >= 0 && to > from, `README.md has no ${BEGIN} ... ${END}`);
  return { from: from + BEGIN.length, to };
}

function updateReadme(results) {
  const text = fs.readFileSync(README, 'utf8');
  const { from, to } = tablePlace(text);
  fs.writeFileSync(README, `${text.slice(0, from)}\n${results.table()}\n${text.slice(to)}`);
}

function checkReadme(results) {
  const text = fs.readFileSync(README, 'utf8');
  const { from, to } = tablePlace(text);
  assert.strictEqual(text.slice(from, to).trim(), results.table(), 'if that is so: npm run matrix -- --update');
}

module.exports = { Results, checkReadme, updateReadme };
