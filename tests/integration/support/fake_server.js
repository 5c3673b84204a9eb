'use strict';
// A scripted server: speaks enough of both protocols for the published clients to connect, log in and subscribe, and says
// on presence channels only what a test tells it to.

const http = require('node:http');
const { createRequire } = require('node:module');
const { Inbox } = require('./wait');

const { WebSocketServer } = createRequire(require.resolve('scc20'))('ws'); // as the client of that version has it

let ids = 0;

function tokenOf(claims) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${encode({ alg: 'none' })}.${encode(claims)}.`;
}

// One connection. `packets`: every event that the client has sent, { event, data }.
class Peer {
  constructor(server, ws) {
    this.server = server;
    this.ws = ws;
    this.id = `socket-${++ids}`;
    this.packets = new Inbox(this.id);
    ws.on('message', (bytes) => this.receive(String(bytes)));
    ws.on('error', () => {});
  }

  receive(text) {
    if (text === '' || text === '#2') return;
    const parsed = JSON.parse(text);
    for (const packet of Array.isArray(parsed) ? parsed : [parsed]) if (packet.event) this.handle(packet);
  }

  handle({ event, data, cid }) {
    if (event === '#handshake') {
      this.answer(cid, { id: this.id, isAuthenticated: false, pingTimeout: 60000 });
      this.server.peers.push(this);
      return;
    }
    this.packets.push({ event, data });
    const refusal = event === '#subscribe' && this.server.refusals.get(data.channel);
    if (refusal === 'silence') return;
    if (cid !== undefined) this.send({ rid: cid, ...(refusal ? { error: refusal } : {}) });
  }

  answer(cid, data) {
    this.send({ rid: cid, data });
  }

  send(packet) {
    this.ws.send(JSON.stringify(packet));
  }

  publish(channel, data) {
    this.send({ event: '#publish', data: { channel, data } });
  }

  logIn(claims) {
    this.send({ event: '#setAuthToken', data: { token: tokenOf(claims) }, cid: 1 });
  }

  logOut() {
    this.send({ event: '#removeAuthToken', cid: 2 });
  }

  kickOut(channel, message) {
    this.send({ event: '#kickOut', data: { channel, message } });
  }

  // Joins, and a kickOut after them, in one message: the client takes them in one go.
  publishAndKickOut(channel, packets) {
    const publications = packets.map((data) => ({ event: '#publish', data: { channel, data } }));
    this.ws.send(JSON.stringify([...publications, { event: '#kickOut', data: { channel, message: 'out' } }]));
  }

  // Without a close frame.
  drop() {
    this.ws.terminate();
  }

  next(event, channel) {
    const accept = (packet) => packet.event === event && (channel === undefined || packet.data.channel === channel);
    return this.packets.next(accept, `${event} ${channel || ''}`);
  }

  // The channels of its #subscribe packets, in their order.
  subscriptions() {
    return this.packets.all.filter(({ event }) => event === '#subscribe').map(({ data }) => data.channel);
  }

  pongs() {
    return this.packets.all
      .filter(({ event, data }) => event === '#publish' && data.data.type === 'pong')
      .map(({ data }) => data);
  }
}

class FakeServer {
  // Stopped when the test ends.
  static async of(t) {
    const server = new FakeServer();
    await new Promise((resolve) => server.http.listen(0, '127.0.0.1', resolve));
    t.after(() => server.stop());
    return server;
  }

  constructor() {
    this.http = http.createServer();
    this.wss = new WebSocketServer({ server: this.http });
    this.peers = new Inbox('the scripted server');
    this.refusals = new Map(); // channel: an error, or 'silence'
    this.wss.on('connection', (ws) => new Peer(this, ws));
  }

  get port() {
    return this.http.address().port;
  }

  // The next connection whose handshake is done.
  peer() {
    return this.peers.next(() => true, 'a connection');
  }

  stop() {
    for (const ws of this.wss.clients) ws.terminate();
    this.wss.close();
    return new Promise((resolve) => this.http.close(resolve));
  }
}

module.exports = { FakeServer };
