'use strict';
// A WebSocket client that can send anything, malformed frames too (RFC 6455), and raw HTTP requests.

const net = require('node:net');
const tls = require('node:tls');
const crypto = require('node:crypto');
const zlib = require('node:zlib');
const { Inbox, within } = require('./wait');

const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };
const NAME = { 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' };
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

// The bytes of one frame. Options: fin (true), mask (true), rsv (0), length (of the payload), lengthBytes (shortest).
function frameBytes(opcode, payload = Buffer.alloc(0), options = {}) {
  const { fin = true, mask = true, rsv = 0, length = payload.length } = options;
  const first = Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode]);
  const shortest = length < 126 ? 0 : length < 65536 ? 2 : 8;
  const lengthBytes = options.lengthBytes === undefined ? shortest : options.lengthBytes;
  const second = Buffer.alloc(1 + lengthBytes);
  if (lengthBytes === 0) second[0] = length;
  else if (lengthBytes === 2) second.writeUInt16BE(length, 1);
  else second.writeBigUInt64BE(BigInt(length), 1);
  if (lengthBytes !== 0) second[0] = lengthBytes === 2 ? 126 : 127;
  if (!mask) return Buffer.concat([first, second, payload]);
  second[0] |= 0x80;
  const key = crypto.randomBytes(4);
  const masked = Buffer.alloc(payload.length);
  for (let i = 0; i < payload.length; i++) masked[i] = payload[i] ^ key[i & 3];
  return Buffer.concat([first, second, key, masked]);
}

// A message compressed as permessage-deflate has it: without the four bytes that end a flush.
function deflate(payload, options = {}) {
  return zlib.deflateRawSync(payload, { finishFlush: zlib.constants.Z_SYNC_FLUSH, ...options }).subarray(0, -4);
}

function inflate(payload, options = {}) {
  const whole = Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]);
  return zlib.inflateRawSync(whole, { finishFlush: zlib.constants.Z_SYNC_FLUSH, ...options });
}

function closePayload(code, reason = '') {
  if (code === null || code === undefined) return Buffer.alloc(0);
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code, 0);
  payload.write(reason, 2);
  return payload;
}

// Status line, headers (names in lower case) and rest of an answer's head; null while it is incomplete.
function parseHead(bytes) {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const lines = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = {};
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { status: Number(lines[0].split(' ')[1]), line: lines[0], headers, rest: bytes.subarray(end + 4) };
}

class RawSocket {
  // Opens TCP only, or TLS: with options.tls, true or what tls.connect takes. `upgrade` or `open` do the rest.
  static async tcp(port, options = {}) {
    const raw = new RawSocket();
    raw.name = options.name || 'raw';
    raw.inbox = new Inbox(raw.name);
    raw.bytes = Buffer.alloc(0);
    raw.isWebSocket = false;
    raw.repliesToClose = options.repliesToClose !== false;
    raw.fragments = null;
    raw.cid = 0;
    const target = { port, host: options.host || '127.0.0.1', localAddress: options.localAddress };
    raw.socket = options.tls ? tls.connect({ rejectUnauthorized: false, ...target, ...options.tls }) : net.connect(target);
    raw.socket.on('error', (error) => raw.inbox.push({ frame: 'error', payload: error.code }));
    raw.socket.on('close', () => raw.inbox.push({ frame: 'eof', payload: null }));
    raw.socket.on('data', (chunk) => raw.onData(chunk));
    await within('a TCP connection', new Promise((resolve, reject) => {
      raw.socket.once(options.tls ? 'secureConnect' : 'connect', resolve);
      raw.socket.once('error', reject);
    }));
    return raw;
  }

  // A WebSocket: opening handshake done and checked.
  static async open(port, options = {}) {
    const raw = await RawSocket.tcp(port, options);
    const answer = await raw.upgrade(options);
    if (answer.status !== 101) {
      raw.destroy();
      throw Object.assign(new Error(`opening answered with ${answer.line}`), { answer });
    }
    return raw;
  }

  // A socket: opened and its #handshake answered.
  static async connect(port, options = {}) {
    const raw = await RawSocket.open(port, options);
    raw.handshakeAnswer = await raw.handshake(options.authToken);
    raw.id = raw.handshakeAnswer.data.id;
    return raw;
  }

  async upgrade(options = {}) {
    const key = options.key || crypto.randomBytes(16).toString('base64');
    const lines = [
      `GET ${options.path || '/socketcluster/'} HTTP/1.1`,
      'Host: localhost',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${key}`,
    ];
    for (const [name, value] of Object.entries(options.headers || {})) lines.push(`${name}: ${value}`);
    this.socket.write(lines.join('\r\n') + '\r\n\r\n');
    const answer = await this.readHead();
    if (answer.status === 101) {
      const expected = crypto.createHash('sha1').update(key + ACCEPT_GUID).digest('base64');
      if (answer.headers['sec-websocket-accept'] !== expected) throw new Error('wrong Sec-WebSocket-Accept');
      this.isWebSocket = true;
      this.extensions = answer.headers['sec-websocket-extensions'];
      const rest = this.bytes;
      this.bytes = Buffer.alloc(0);
      this.onData(rest);
    }
    return answer;
  }

  onData(chunk) {
    this.bytes = this.bytes.length === 0 ? chunk : Buffer.concat([this.bytes, chunk]);
    if (!this.isWebSocket) {
      if (this.onBytes) this.onBytes();
      return;
    }
    while (this.parseFrame());
  }

  // The head of an answer; what follows stays in `bytes`.
  readHead() {
    return within('the head of an answer', new Promise((resolve, reject) => {
      const onClose = () => reject(new Error('closed instead of an answer'));
      const look = () => {
        const head = parseHead(this.bytes);
        if (head === null) return;
        this.bytes = head.rest;
        this.onBytes = null;
        this.socket.removeListener('close', onClose);
        resolve(head);
      };
      this.onBytes = look;
      this.socket.once('close', onClose);
      look();
    }));
  }

  parseFrame() {
    const bytes = this.bytes;
    if (bytes.length < 2) return false;
    let at = 2;
    let length = bytes[1] & 0x7f;
    if (length === 126) {
      if (bytes.length < 4) return false;
      length = bytes.readUInt16BE(2);
      at = 4;
    } else if (length === 127) {
      if (bytes.length < 10) return false;
      length = Number(bytes.readBigUInt64BE(2));
      at = 10;
    }
    if (bytes[1] & 0x80) throw new Error('a server must not mask its frames');
    if (bytes.length < at + length) return false;
    this.onFrame(bytes[0], bytes.subarray(at, at + length));
    this.bytes = bytes.subarray(at + length);
    return true;
  }

  onFrame(first, payload) {
    const opcode = first & 15;
    const isDeflated = (first & 0x40) !== 0;
    if (first & 0x30 || (isDeflated && (!this.extensions || opcode === 0 || opcode > 7)))
      throw new Error('a reserved bit is set in a frame of the server');
    if (opcode === OPCODE.close) {
      const code = payload.length >= 2 ? payload.readUInt16BE(0) : null;
      const reason = payload.length > 2 ? payload.toString('utf8', 2) : '';
      this.inbox.push({ frame: 'close', payload: { code, reason } });
      if (this.repliesToClose) this.sendFrame('close', Buffer.from(payload));
      return;
    }
    if (opcode > 8) {
      this.inbox.push({ frame: NAME[opcode], payload: payload.toString('hex') });
      return;
    }
    if (opcode !== 0) this.fragments = { opcode, isDeflated, parts: [] };
    this.fragments.parts.push(Buffer.from(payload));
    if (!(first & 0x80)) return;
    const whole = Buffer.concat(this.fragments.parts);
    const message = this.fragments.isDeflated ? inflate(whole, this.inflateOptions) : whole;
    const frame = NAME[this.fragments.opcode];
    const item = { frame, payload: message.toString(frame === 'text' ? 'utf8' : 'hex') };
    if (this.fragments.isDeflated) item.deflatedBytes = whole.length;
    this.inbox.push(item);
  }

  sendBytes(bytes) {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  sendFrame(name, payload, options) {
    this.sendBytes(frameBytes(typeof name === 'number' ? name : OPCODE[name], payload, options));
  }

  sendText(text) {
    this.sendFrame('text', Buffer.from(text));
  }

  // As one frame, or as many as there are `parts` of bytes.
  sendDeflated(text, parts = 1) {
    const payload = deflate(Buffer.from(text));
    const step = Math.ceil(payload.length / parts) || 1;
    for (let at = 0; at === 0 || at < payload.length; at += step) {
      const options = { rsv: at === 0 ? 4 : 0, fin: at + step >= payload.length };
      this.sendFrame(at === 0 ? 'text' : 'continuation', payload.subarray(at, at + step), options);
    }
  }

  send(packet) {
    this.sendText(JSON.stringify(packet));
  }

  sendClose(code, reason) {
    this.sendFrame('close', closePayload(code, reason));
  }

  nextCid() {
    return ++this.cid;
  }

  // Sends a packet with a cid, resolves with the whole answer.
  async call(event, data) {
    const cid = this.nextCid();
    this.send(data === undefined ? { event, cid } : { event, data, cid });
    return this.answer(cid);
  }

  // As call; throws the error of the answer and resolves with its data.
  async ask(event, data) {
    const answer = await this.call(event, data);
    if (answer.error !== undefined)
      throw Object.assign(new Error(answer.error.message || String(answer.error)), { answer });
    return answer.data;
  }

  async answer(cid) {
    const accept = (item) => item.frame === 'text' && item.payload[0] === '{' && JSON.parse(item.payload).rid === cid;
    return JSON.parse((await this.inbox.next(accept, `the answer to ${cid}`)).payload);
  }

  handshake(authToken = null) {
    return this.call('#handshake', { authToken });
  }

  subscribe(channel, more = {}) {
    return this.call('#subscribe', { channel, ...more });
  }

  publish(channel, data) {
    return this.call('#publish', { channel, data });
  }

  // The next packet of an event.
  async event(name, accept = () => true, limitMs) {
    const take = (item) => {
      if (item.frame !== 'text' || item.payload[0] !== '{') return false;
      const packet = JSON.parse(item.payload);
      return packet.event === name && accept(packet.data, packet);
    };
    return JSON.parse((await this.inbox.next(take, `the event ${name}`, limitMs)).payload);
  }

  // The data of the next message of a channel.
  async message(channel, accept = () => true) {
    return (await this.event('#publish', (data) => data.channel === channel && accept(data.data))).data.data;
  }

  // All messages of a channel that have come and were not taken.
  messages(channel) {
    return this.inbox.all
      .filter((item) => item.frame === 'text' && item.payload[0] === '{')
      .map((item) => JSON.parse(item.payload))
      .filter((packet) => packet.event === '#publish' && packet.data.channel === channel)
      .map((packet) => packet.data.data);
  }

  // The next frame of any kind.
  next(limitMs) {
    return this.inbox.next(() => true, 'a frame', limitMs);
  }

  async closed() {
    return (await this.inbox.next((item) => item.frame === 'close', 'a close frame')).payload;
  }

  async eof() {
    await this.inbox.next((item) => item.frame === 'eof', 'the end of the connection');
  }

  // Proves that the connection is alive and that nothing sent so far was still to be answered: WebSocket ping, pong.
  async fence() {
    const mark = crypto.randomBytes(8);
    this.sendFrame('ping', mark);
    await this.inbox.next((item) => item.frame === 'pong' && item.payload === mark.toString('hex'), 'a pong');
  }

  destroy() {
    this.socket.destroy();
  }
}

// Sends text as it is, resolves with { status, line, headers, body } of the one answer.
async function http(port, request, options = {}) {
  const raw = await RawSocket.tcp(port, options);
  try {
    raw.socket.write(request);
    return await readAnswer(raw, options);
  } finally {
    raw.destroy();
  }
}

async function readAnswer(raw, options = {}) {
  const head = await raw.readHead();
  const length = options.hasNoBody ? 0 : Number(head.headers['content-length'] || 0);
  await within('the body of an answer', new Promise((resolve) => {
    raw.onBytes = () => raw.bytes.length >= length && resolve();
    raw.onBytes();
  }));
  raw.onBytes = null;
  head.body = raw.bytes.toString('utf8', 0, length);
  raw.bytes = raw.bytes.subarray(length);
  return head;
}

// A whole answer to a GET.
function get(port, path, headers = {}) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return http(port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}\r\n`);
}

module.exports = { OPCODE, RawSocket, closePayload, deflate, frameBytes, get, http, parseHead, readAnswer };
