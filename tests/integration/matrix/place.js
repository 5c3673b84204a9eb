'use strict';
// Where the scenarios of one server run: its cluster, clients of all kinds to talk to, and the one moment at which its workers
// are killed.

const { Client, RELEASES } = require('../support/clients');
const { Cluster, isAlive, temporaryDir } = require('../support/cluster');
const { until } = require('../support/wait');
const fs = require('node:fs');
const { CODECS, PING_INTERVAL_MS, PING_TIMEOUT_MS, VARIANTS, clientOptions, makeCertificate, moreOptions } = require('./axes');

const RETURN_QUICKLY = { initialDelay: 100, randomness: 50, multiplier: 1, maxDelay: 300 };

// Whom a client talks to: the last release of each protocol, with each codec.
const PEER_RELEASES = { 1: '14.3.2', 2: '20.0.2' };

// What a codec can't read ends a Node client's process, if nobody is looking. Here it ends the scenario: see `end`.
function watched(codec, faults) {
  return {
    encode: (packet) => codec.encode(packet),
    decode: (message) => {
      try {
        return codec.decode(message);
      } catch (error) {
        faults.push(new Error(`unreadable for the codec: ${JSON.stringify(message)} (${error.message})`));
        return message;
      }
    },
  };
}

class Place {
  static async open(server) {
    const place = new Place(server);
    try {
      await place.start();
    } catch (error) {
      await place.close();
      throw error;
    }
    return place;
  }

  constructor(server) {
    this.server = server;
    this.dir = temporaryDir();
    this.peers = new Map();
    this.clients = new Set();
    this.waiting = 0;
  }

  async start() {
    const options = { pingInterval: PING_INTERVAL_MS, pingTimeout: PING_TIMEOUT_MS, ...this.server.options, ...moreOptions };
    if (this.server.isTls) {
      const { certificate, key } = makeCertificate(this.dir);
      this.certificate = certificate;
      Object.assign(options, { tlsCert: certificate, tlsKey: key });
    }
    this.cluster = await Cluster.start({
      workers: 2,
      brokers: 2,
      plugins: [
        { name: 'stateless_presence', options: { presenceInterval: 600000 } }, // no ping, so that only pongs can name a user
        { test: 'trace_app', options: { middleware: 'subscribe' } },
        { test: 'whoami' },
        { test: 'farewell' },
      ],
      options,
    });
  }

  // A client of that setting, not yet open; it ends with the place, if the scenario does not end it before.
  create(setting, options = {}) {
    const made = { ...clientOptions(setting, this.server, this.certificate), ...options };
    const faults = [];
    if (made.codecEngine) made.codecEngine = watched(made.codecEngine, faults);
    const client = Client.create(setting.release.name, this.cluster.port, made);
    client.faults = faults;
    this.clients.add(client);
    return client;
  }

  async open(setting, options) {
    const client = this.create(setting, options);
    await client.opened();
    return client;
  }

  // One for all scenarios, made when first asked for. Survives the death of its worker.
  peer(protocol, codecName) {
    const key = `${protocol} ${codecName}`;
    if (!this.peers.has(key)) {
      const release = RELEASES.find((each) => each.name === PEER_RELEASES[protocol]);
      const codec = CODECS.find((each) => each.name === codecName);
      const setting = { release, codec, variant: VARIANTS[0], name: `peer ${key}` };
      this.peers.set(key, this.openPeer(setting));
    }
    return this.peers.get(key);
  }

  async openPeer(setting) {
    const peer = await this.open(setting, { autoReconnect: true, autoReconnectOptions: RETURN_QUICKLY });
    peer.messages('farewell');
    await peer.subscribe('farewell');
    return peer;
  }

  // Those that will be waiting in `workersKilled`.
  expect(count) {
    this.waiting = count;
    this.killed = new Promise((resolve, reject) => {
      this.endKill = { resolve, reject };
    });
    this.killed.catch(() => {}); // whoever waits hears of it
  }

  // One less to wait for: it is ready, or has failed before.
  arrive() {
    if (--this.waiting === 0) this.killWorkers().then(this.endKill.resolve, this.endKill.reject);
  }

  async killWorkers() {
    const workers = Object.entries(this.cluster.processes()).filter(([name]) => name.startsWith('sc-worker-'));
    for (const [, pid] of workers) process.kill(pid, 'SIGKILL');
    for (const [name, pid] of workers) {
      await until(`the end of ${name}`, () => !isAlive(pid));
      await this.cluster.childNamed(name, pid);
    }
  }

  // Closes a client; throws what it could not read.
  end(client) {
    this.clients.delete(client);
    client.close();
    if (client.faults.length > 0) throw client.faults[0];
  }

  async close() {
    try {
      for (const client of this.clients) this.end(client);
    } finally {
      if (this.cluster) await this.cluster.stop();
      fs.rmSync(this.dir, { recursive: true, force: true });
    }
  }
}

module.exports = { Place, RETURN_QUICKLY };
