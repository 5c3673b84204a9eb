'use strict';
// Plays the client's side of a trace against a server and compares what the server sends, field by field.
//
// The lines are walked in their order: what a client sent is sent, what the recording program did on the server side is done
// through the test application, and for each frame of the server the next frame of that client must be equal after `normalise`.
// Acknowledgements of publications come from brokers: where they stand among other answers varies, so each is awaited by its rid.
// At the end each open connection is asked something, so that a frame too many does not go unseen.

const assert = require('node:assert');
const { isDeepStrictEqual } = require('node:util');
const { speak } = require('../integration/support/minbin');
const { RawSocket } = require('../integration/support/raw');
const { later } = require('../integration/support/wait');
const { verify } = require('../integration/support/token');

const ID = /^[\w-]{20}$/;
const TOKEN = /eyJ[\w-]+\.[\w-]+\.[\w-]*/;
const CONTROL_CID = 1000000; // from here on: cids of what the replay itself asks the test application

function parse(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    return undefined;
  }
}

// The packets of a frame, each as a frame of its own.
function packetsOf(frame) {
  const packets = frame.frame === 'text' ? parse(frame.payload) : undefined;
  return Array.isArray(packets) ? packets.map((packet) => ({ ...frame, payload: JSON.stringify(packet) })) : [frame];
}

function isPing(frame) {
  return frame.frame === 'text' && (frame.payload === '' || frame.payload === '#1');
}

// A token as what matters of it: header, claims without times, and how long it lives.
function describeToken(token, key) {
  const { header, claims } = verify(token, key);
  const { iat, exp, ...rest } = claims;
  return { header, claims: rest, exp: exp > 4000000000 ? exp : exp - iat };
}

// A socket as the application sees it. Which worker it is on varies; channels have no order; `presence` was the inside of the
// original plugin.
function normaliseDump({ subs, count, auth }) {
  const claims = auth && { ...auth, iat: 0, exp: auth.exp - auth.iat };
  return { subs: [...subs].sort(), count, auth: claims };
}

// What varies from run to run is put into a common form (traces' README.md).
function normaliseValue(value, key) {
  if (Array.isArray(value)) return value.map((item) => normaliseValue(item, key));
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value.subs)) return normaliseDump(value);
  const out = {};
  for (const [name, item] of Object.entries(value)) {
    if (name === 'token' && typeof item === 'string' && TOKEN.test(item)) out[name] = describeToken(item, key);
    else out[name] = normaliseValue(item, key);
  }
  return out;
}

class Replay {
  // server: { port, act(raw, call) }: `act` does what a srv line says; it resolves with what the test program read there.
  constructor(server, trace, settings = {}) {
    this.server = server;
    this.trace = trace;
    this.scale = settings.scale || 1;
    this.clients = new Map();
    this.ids = new Map(); // ids of the trace to ids of this run
    this.control = CONTROL_CID;
    this.arrayCount = 0;
    this.key = trace.options.authKey;
  }

  async run() {
    this.startedAt = Date.now();
    this.offset = this.trace.lines.length > 0 ? this.trace.lines[0].t : 0;
    try {
      for (const [at, line] of this.trace.lines.entries()) await this.step(line, at);
      await this.fence();
      assert.ok(!this.trace.hasArrays || this.arrayCount > 0, `${this.trace.name}: no packets came together`);
    } finally {
      for (const client of this.clients.values()) client.raw.destroy();
    }
  }

  async step(line, at) {
    const where = `${this.trace.name} line ${at + 2}`;
    if (line.dir === 'c2s') await this.sendLine(line);
    else if (line.dir === 's2c') await this.expectLine(line, where);
    else if (line.dir === 'srv') await this.actLine(line, where);
  }

  // A client by its name; opened at its first frame.
  async client(name) {
    let client = this.clients.get(name);
    if (client) return client;
    const path = `/socketcluster/?client=${encodeURIComponent(name)}`;
    client = { name, raw: await this.open(path, name), acks: new Set(), isClosed: false };
    this.clients.set(name, client);
    this.last = client;
    return client;
  }

  async open(path, name) {
    const raw = await RawSocket.open(this.server.port, { path, name, repliesToClose: false });
    if (this.trace.isBinary) speak(raw);
    if (this.trace.hasArrays) this.takeApart(raw);
    if (this.trace.filter) raw.inbox.push = filteredPush(raw.inbox, this.trace.filter);
    return raw;
  }

  // Which packets share a frame is a matter of moments; that some do is not.
  takeApart(raw) {
    const push = raw.inbox.push.bind(raw.inbox);
    raw.inbox.push = (item) => {
      const packets = packetsOf(item);
      this.arrayCount += packets.length > 1 ? 1 : 0;
      packets.forEach(push);
    };
  }

  actual(text) {
    let out = text;
    for (const [recorded, now] of this.ids) out = out.split(recorded).join(now);
    return out;
  }

  recorded(text) {
    let out = text;
    for (const [recorded, now] of this.ids) out = out.split(now).join(recorded);
    return out;
  }

  async waitForTime(line) {
    if (this.trace.isTimed) {
      const due = this.startedAt + (line.t - this.offset) * this.scale;
      await later(Math.max(0, due - Date.now()));
    }
    if (line.afterExpiry) await later(Math.max(0, this.trace.expiresAt * 1000 + 50 - Date.now()));
  }

  async sendLine(line) {
    await this.waitForTime(line);
    const client = await this.client(line.client);
    const { raw } = client;
    noteAcks(client, line);
    if (line.isBinary) raw.sendFrame('binary', Buffer.from(line.hex, 'hex'));
    else if (line.frame === 'text') raw.sendText(this.actual(this.withToken(line, raw)));
    else if (line.frame === 'binary') raw.sendFrame('binary', Buffer.from(line.payload, 'hex'));
    else if (line.frame === 'close') raw.sendClose(line.payload.code, line.payload.reason);
    else if (line.frame === 'ping') raw.sendFrame('ping', Buffer.from(line.payload, 'hex'));
    else if (line.frame === 'eof') raw.destroy();
    else throw new Error(`don't know how to send ${line.frame}`);
  }

  // A token that the recorded server has issued is replaced with the one that this run's server has.
  withToken(line, raw) {
    if (!raw.issuedToken || !line.payload.includes('#handshake')) return line.payload;
    return line.payload.replace(TOKEN, raw.issuedToken);
  }

  async expectLine(line, where) {
    const client = await this.client(line.client);
    const frame = await this.nextFrame(client, line).catch((error) => {
      throw new Error(`${where}: ${error.message}; expected ${JSON.stringify(line.payload)}`);
    });
    this.learn(client, line, frame);
    if (line.hasReason && frame.frame === 'close') {
      assert.notStrictEqual(frame.payload.reason, '', `${where}: closed without a reason`);
      frame.payload.reason = line.payload.reason;
    }
    const expected = this.normalise({ frame: line.frame, payload: line.payload });
    assert.deepStrictEqual(this.normalise(frame), expected, `${where}: the server sent ${JSON.stringify(frame)}`);
    assert.strictEqual(Boolean(frame.isBinary), this.isBinary(line), `${where}: the wrong kind of frame`);
    if (frame.frame === 'close' || frame.frame === 'eof') client.isClosed = true;
  }

  // With a binary codec all is binary but the empty ping.
  isBinary(line) {
    return this.trace.isBinary === true && line.frame === 'text' && line.payload !== '';
  }

  nextFrame(client, line) {
    const { inbox } = client.raw;
    const expected = line.frame === 'text' && parse(line.payload);
    if (expected && client.acks.has(expected.rid)) return inbox.next((item) => ridOf(item) === expected.rid, 'an ack');
    const isAck = (item) => client.acks.has(ridOf(item));
    const streamOf = (item) => (this.trace.hasStreams ? this.streamOf(item) : '');
    if (!line.hasAnyOrder) return inbox.next((item) => !isAck(item) && streamOf(item) === streamOf(line), 'a frame');
    return inbox.next((item) => isDeepStrictEqual(this.normalise(item), this.normalise(line)), 'a frame');
  }

  // Messages of one channel have an order, and so have answers and all other packets.
  streamOf(item) {
    const packet = item.frame === 'text' && parse(item.payload);
    return packet && packet.event === '#publish' ? this.recorded(packet.data.channel) : 'no message';
  }

  // Ids stand in handshake answers, and in errors of sockets that had none; tokens in #setAuthToken.
  learn(client, line, frame) {
    const packet = frame.frame === 'text' && parse(frame.payload);
    if (!packet || typeof packet !== 'object') return;
    if (packet.event === '#setAuthToken') client.raw.issuedToken = packet.data.token;
    const recorded = line.frame === 'text' && parse(line.payload);
    const then = idIn(recorded);
    const now = idIn(packet);
    if (then !== undefined && now !== undefined) this.ids.set(then, now);
  }

  normalise(frame) {
    if (frame.frame !== 'text') return { frame: frame.frame, payload: frame.payload };
    const packet = parse(this.recorded(frame.payload));
    if (packet === undefined) return { frame: 'text', payload: frame.payload };
    return { frame: 'text', packet: normaliseValue(packet, this.key) };
  }

  async actLine(line, where) {
    if (line.payload === undefined || !this.last) return;
    const read = await this.server.act(this, line);
    if (read === undefined) return;
    assert.deepStrictEqual(read.actual, read.expected, `${where}: ${line.payload}`);
  }

  // Asks the test application for something; the answer must be the next frame.
  async ask(event, data, client = this.last) {
    const cid = this.control++;
    client.raw.send({ event, data, cid });
    return this.controlAnswer(cid, client);
  }

  async controlAnswer(cid, client) {
    const frame = await client.raw.next();
    const packet = parse(frame.payload) || {};
    assert.strictEqual(packet.rid, cid, `${this.trace.name}: instead of the answer to an event of the replay came ` +
      JSON.stringify(frame));
    return packet;
  }

  // Does something without an answer.
  tell(event, data, client = this.last) {
    client.raw.send({ event, data });
  }

  // Nothing may come that the trace does not have. A publication goes through the broker and back, so that what was published
  // before has come, too.
  async fence() {
    const open = [...this.clients.values()].filter((client) => !client.isClosed && !client.raw.socket.destroyed);
    if (open.length === 0) return;
    await this.published(open[0]);
    for (const client of open) await this.roundTrip(client, 'noreply', 1);
  }

  async published(client) {
    const channel = 'fence';
    const refusal = await this.roundTrip(client, '#subscribe', { channel });
    if (refusal.error !== undefined || this.trace.options.allowClientPublish === false) return;
    client.raw.send({ event: '#publish', data: { channel, data: 1 } });
    const frame = await this.nextButPings(client);
    assert.deepStrictEqual(parse(frame.payload), { event: '#publish', data: { channel, data: 1 } }, this.tooMany(frame));
    await this.roundTrip(client, '#unsubscribe', channel);
  }

  async roundTrip(client, event, data) {
    const cid = this.control++;
    client.raw.send({ event, data, cid });
    const frame = await this.nextButPings(client);
    const packet = parse(frame.payload) || {};
    assert.strictEqual(packet.rid, cid, this.tooMany(frame));
    return packet;
  }

  async nextButPings(client) {
    for (;;) {
      const frame = await client.raw.next();
      if (!this.trace.hasShortPings || !isPing(frame)) return frame;
    }
  }

  tooMany(frame) {
    return `${this.trace.name}: a frame that the trace does not have: ${JSON.stringify(frame)}`;
  }
}

function ridOf(item) {
  const packet = item.frame === 'text' && parse(item.payload);
  return packet && typeof packet === 'object' && packet.event === undefined ? packet.rid : undefined;
}

function idIn(packet) {
  if (packet && packet.data && ID.test(packet.data.id)) return packet.data.id;
  const found = packet && packet.error && /\bSocket ([\w-]{20}) /.exec(packet.error.message);
  return found ? found[1] : undefined;
}

// Which cids of the client are publications: what answers them is an acknowledgement (or a refusal).
function noteAcks(client, line) {
  const sent = line.frame === 'text' && parse(line.payload);
  for (const packet of Array.isArray(sent) ? sent : [sent])
    if (packet && packet.event === '#publish' && packet.cid !== undefined) client.acks.add(packet.cid);
}

function filteredPush(inbox, filter) {
  const push = inbox.push.bind(inbox);
  const earlier = inbox.take();
  const filtered = (item) => filter(item) && push(item);
  for (const item of earlier) filtered(item);
  return filtered;
}

module.exports = { Replay, isPing, packetsOf, parse };
