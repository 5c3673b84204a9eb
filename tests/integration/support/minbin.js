'use strict';
// A RawSocket of a client with sc-codec-min-bin. Its packets come as the text that they would be with JSON, marked as binary, so that
// all that looks for packets works.

const { RawSocket } = require('./raw');

const DEFAULT_CODEC = require('scmb3');

// The packet, ping or pong in a binary frame; undefined: it is something else, or broken.
function decode(hex, codec) {
  try {
    const value = codec.decode(Buffer.from(hex, 'hex'));
    return typeof value === 'string' || (value !== null && typeof value === 'object') ? value : undefined;
  } catch (error) {
    return undefined;
  }
}

// { frame, payload } as an item of a client with JSON, with isBinary, and the bytes as hex.
function toText(item, codec = DEFAULT_CODEC) {
  if (item.frame !== 'binary') return item;
  const value = decode(item.payload, codec);
  if (value === undefined) return item;
  return { frame: 'text', payload: typeof value === 'string' ? value : JSON.stringify(value), isBinary: true, hex: item.payload };
}

// Makes a RawSocket receive and send what it would, were the client one with JSON. Pings of WebSocket are answered, as by any library.
function speak(raw, codec = DEFAULT_CODEC) {
  const push = raw.inbox.push.bind(raw.inbox);
  raw.inbox.push = (item) => {
    if (item.frame === 'ping') raw.sendFrame('pong', Buffer.from(item.payload, 'hex'));
    else push(toText(item, codec));
  };
  raw.send = (packet) => raw.sendFrame('binary', codec.encode(packet));
  return raw;
}

// As RawSocket.connect.
async function connect(port, codec, options = {}) {
  const raw = speak(await RawSocket.open(port, options), codec);
  raw.handshakeAnswer = await raw.handshake(options.authToken);
  raw.id = raw.handshakeAnswer.data.id;
  return raw;
}

module.exports = { connect, speak, toText };
