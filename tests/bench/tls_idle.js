'use strict';
// What an idle connection costs a worker, without TLS and with each version of it: private memory of the worker's process,
// with many sockets less with few. Needs the tests' own modules (npm ci in tests/integration) and a build:
//
//     SC_BUILD_DIR=build/release node tests/bench/tls_idle.js [connections]

const fs = require('node:fs');
const { Cluster } = require('../integration/support/cluster');
const { RawSocket } = require('../integration/support/raw');

const FEW = 200;
const COUNT = Number(process.argv[2] || 1000);
const CALM = { pingInterval: 600000, pingTimeout: 1200000 };

function privateBytes(pid) {
  return Number(/Private_Dirty:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) * 1024;
}

async function measure(name, tls) {
  const cluster = await Cluster.start({ tls: Boolean(tls), plugins: [{ test: 'whoami' }], options: CALM });
  const pid = await cluster.worker(0);
  const raws = [];
  const connect = async (count) => {
    for (let i = 0; i < count; i++) {
      const raw = await RawSocket.connect(cluster.port, { tls });
      await raw.ask('worker');
      raws.push(raw);
    }
    return privateBytes(pid);
  };
  const before = await connect(FEW);
  const after = await connect(COUNT);
  console.log(`${name}: ${Math.round((after - before) / COUNT)} bytes for a connection`);
  for (const raw of raws) raw.destroy();
  await cluster.stop();
}

(async () => {
  await measure('plain', false);
  await measure('TLS 1.3', { minVersion: 'TLSv1.3' });
  await measure('TLS 1.2', { maxVersion: 'TLSv1.2' });
})();
