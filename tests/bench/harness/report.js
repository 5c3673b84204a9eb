'use strict';
// RESULTS.md from what was measured.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { LOADS, GROWTH, round } = require('./loads');
const { SERVERS } = require('./servers');
const { svg } = require('./curve');

function run(program, args) {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}

function packageVersion(name) {
  return run('dpkg-query', ['-W', '-f', '${Version}', name]) || 'unknown';
}

function machine() {
  const cpus = os.cpus();
  return [
    `- ${new Date().toISOString().slice(0, 10)}; ${cpus.length} × ${cpus[0].model.trim()}, ` +
      `${Math.round(os.totalmem() / 2 ** 30)} GB, Linux ${os.release()}, loopback only; servers, brokers and load share the cores.`,
    `- ${run(path.join(process.env.SC_BUILD_DIR, 'bin/sc-cluster'), ['--version']) || 'sc-cluster'}; ` +
      `nanomsg ${packageVersion('libnanomsg5')}, Node ${process.versions.node}, ` +
      'SocketCluster 6.8.0 (wsEngine ws), socketcluster-server 20.0.1, Nchan 1.3.6 in nginx 1.22.',
    '- Each with 1 worker and, where there are any, 1 broker, unless the row says otherwise. CPU is user and system time of ' +
      'the whole process tree. Payload 64 bytes, no compression, no acknowledgement asked for.',
  ];
}

function figureCell(load, result) {
  if (result === undefined) return '';
  if (result.failed) return `fails: ${result.failed}`;
  const main = round(load.figure[2](result));
  const also = (load.also || []).map(([name, unit, get]) => [name, unit, get(result)])
    .filter(([, , value]) => value !== undefined)
    .map(([name, unit, value]) => `${name} ${round(value)}${unit ? ` ${unit}` : ''}`);
  return `**${main}**${also.length ? `<br>${also.join('<br>')}` : ''}`;
}

function ratioCell(load, results) {
  const ours = results.ours;
  const theirs = results.sc6;
  if (!ours || !theirs || ours.failed || theirs.failed) return '';
  return `${round(load.figure[2](theirs) / load.figure[2](ours))} ×`;
}

function floorCell(load, results) {
  return results.floors && load.floorText ? load.floorText(results.floors) : '';
}

function mainTable(measured) {
  const names = Object.keys(SERVERS);
  const lines = [
    `| load | aim | ${names.map((name) => SERVERS[name].title).join(' | ')} | 6.8.0 ÷ ours | floor |`,
    `| --- | --- | ${names.map(() => '---').join(' | ')} | --- | --- |`,
  ];
  for (const load of LOADS) {
    const results = measured.loads[load.id];
    if (!results) continue;
    const [name, unit] = load.figure;
    const head = `${load.title}: ${name}${unit ? `, ${unit}` : ''}`;
    const cells = names.map((server) => figureCell(load, results[server]));
    lines.push(`| ${head} | ${load.aim || ''} | ${cells.join(' | ')} | ${ratioCell(load, results)} | ${floorCell(load, results)} |`);
  }
  return lines;
}

function whySection(measured) {
  const lines = ['## What makes the difference', ''];
  for (const load of LOADS) {
    const ours = measured.loads[load.id] && measured.loads[load.id].ours;
    if (!ours || !load.why) continue;
    const shares = ours.cpu_us_by_process;
    const split = shares
      ? ` CPU per delivery by process: ${Object.entries(shares).map(([name, us]) => `${name.replace(/:\d+$/, '')} ${round(us)}`).join(', ')} µs.`
      : '';
    lines.push(`- **${load.title}.** ${load.why}${split}`);
  }
  return lines;
}

function curveFiles(measured, output) {
  const lines = ['## Growth', '', 'Cost of a delivery in CPU microseconds, sc-cluster; the figures are in `curves/*.csv`.', ''];
  const folder = path.join(output, 'curves');
  fs.mkdirSync(folder, { recursive: true });
  const write = (id, title, points, unit) => {
    fs.writeFileSync(path.join(folder, `${id}.svg`), svg(title, points, unit));
    fs.writeFileSync(path.join(folder, `${id}.csv`), `${id},${unit}\n${points.map((point) => point.join(',')).join('\n')}\n`);
    lines.push(`![${title}](curves/${id}.svg)`, '');
  };
  for (const curve of GROWTH) {
    const points = (measured.growth[curve.id] || []).filter(([, result]) => !result.failed);
    if (points.length < 2) continue;
    write(curve.id, curve.title, points.map(([x, result]) => [x, result.cpu_us_per_delivery]), 'CPU µs per delivery');
    if (curve.second) {
      write(curve.second.id, curve.second.title, points.map(([x, result]) => [x, curve.second.figure(result)]), 'CPU µs');
    }
  }
  return lines;
}

// measured: {loads: {id: {server: result, floors}}, growth: {id: [[x, result]]}, notes: []}
function write(measured, output) {
  fs.mkdirSync(output, { recursive: true });
  const lines = ['# Results', '', 'Written by `tests/bench/run.sh`; README.md here says how to read it.', '', ...machine()];
  lines.push(...measured.notes.map((note) => `- ${note}`), '', ...mainTable(measured), '', ...whySection(measured), '');
  if (Object.keys(measured.growth).length > 0) lines.push(...curveFiles(measured, output));
  const file = path.join(output, 'RESULTS.md');
  fs.writeFileSync(file, `${lines.join('\n').trimEnd()}\n`);
  return file;
}

module.exports = { write };
