'use strict';
// One scenario with one client and setting: its clients, its names, and what its setting means for it.

const assert = require('node:assert');
const minBin = require('scmb3'); // reads what 2.0.0 writes, too
const { codecs } = require('./axes');

const V1_PING_BYTES = 'a22331'; // "#1" in MessagePack

function hexOf(message) {
  return Buffer.from(message).toString('hex');
}

let count = 0;

class Scene {
  constructor(place, setting) {
    this.place = place;
    this.setting = setting;
    this.name = `${++count}`; // in names of channels and users, so that scenes that run at once don't meet
    this.clients = [];
    this.subscribeOptions = setting.variant.subscribe ? setting.variant.subscribe(setting.release) : undefined;
  }

  create(options) {
    const client = this.place.create(this.setting, options);
    this.clients.push(client);
    return client;
  }

  async open(options) {
    const client = this.create(options);
    await client.opened();
    return client;
  }

  channel(name = 'room') {
    return `${name}-${this.name}`;
  }

  subscribe(client, channel, options) {
    const all = { ...this.subscribeOptions, ...options };
    return client.subscribe(channel, Object.keys(all).length > 0 ? all : undefined);
  }

  // One client of the other protocol, and one of the other codec, as far as the run has it.
  async others() {
    const { release, codec } = this.setting;
    const keys = [[3 - release.protocol, codec.name]];
    for (const other of codecs) if (other.name !== codec.name) keys.push([release.protocol, other.name]);
    const peers = [];
    for (const [protocol, name] of keys) peers.push(await this.place.peer(protocol, name));
    return peers;
  }

  // A text peer, which hears of each client's end.
  witness() {
    return this.place.peer(1, 'text');
  }

  get isBinary() {
    return this.setting.codec.name !== 'text';
  }

  // Whether the client answers pings of protocol 1.
  get isPingedAsV1() {
    return this.setting.release.protocol === 1 || this.setting.variant.name === 'protocolVersion 1';
  }

  isV1Ping(message) {
    return message === '#1' || (typeof message !== 'string' && hexOf(message) === V1_PING_BYTES);
  }

  isPing(message) {
    return this.isPingedAsV1 ? this.isV1Ping(message) : message === '';
  }

  // Of a frame as a client sends or gets it: the packet, or packets. None: a ping, or its answer.
  packetOf(frame) {
    if (frame === '' || frame === '#1' || frame === '#2') return undefined;
    if (typeof frame === 'string') return JSON.parse(frame);
    const packet = minBin.decode(Uint8Array.from(Buffer.from(frame)).buffer);
    return typeof packet === 'string' ? undefined : packet;
  }

  // The setting is in force, not only asked for.
  checkSetting(client) {
    const frames = client.received.filter((frame) => frame !== '' && !this.isV1Ping(frame));
    assert.ok(frames.length > 0, 'no packet was received');
    const kinds = new Set(frames.map((frame) => typeof frame === 'string'));
    assert.deepStrictEqual([...kinds], [!this.isBinary], 'packets in the wrong kind of frame');
    const { url, extensions } = client.socket.transport.socket;
    const negotiated = typeof extensions === 'string' ? extensions : Object.keys(extensions).join();
    const isCompressed = Boolean(this.place.server.options.perMessageDeflate) && this.setting.variant.name !== 'no compression';
    assert.strictEqual(/permessage-deflate/.test(negotiated), isCompressed, `extensions: ${negotiated}`);
    assert.match(url, this.place.server.isTls ? /^wss:/ : /^ws:/);
  }

  hasArray(frames) {
    return frames.some((frame) => Array.isArray(this.packetOf(frame)));
  }

  // Batches in force: arrays were sent and, by a server that batches, answered with arrays. Clients of protocol 1 that have sent none get
  // none: 5 to 7 would lose what is in them.
  checkBatches(client) {
    const isBatching = this.setting.variant.name === 'batching';
    const hasGot = this.hasArray(client.received);
    assert.strictEqual(this.hasArray(client.sent), isBatching, 'arrays sent by the client');
    if (this.place.server.name !== 'batching') assert.ok(!hasGot, 'an array from a server that does not batch');
    else if (isBatching) assert.ok(hasGot, 'no array from the server');
    else if (this.setting.release.protocol === 1) assert.ok(!hasGot, 'an array for a client that may not know them');
  }

  close() {
    for (const client of this.clients) this.place.end(client);
  }
}

module.exports = { Scene };
