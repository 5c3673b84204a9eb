'use strict';
// The axes of the matrix as data: what the server is started with, what the clients are made with, and which of the latter each
// release has. A row is one release with one codec; a cell is a row, a scenario, and all settings in which they meet.
//
// SC_MATRIX_SERVERS, SC_MATRIX_CODECS, SC_MATRIX_VARIANTS, SC_MATRIX_CLIENTS: names with commas, to run less than all.
// SC_MATRIX_OPTIONS: JSON, further options of every server: {"protocolVersion":2} shows that cells can fail.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { RELEASES } = require('../support/clients');

// What every cluster of the matrix has. A client that is not pinged, or does not answer, lives for PING_TIMEOUT_MS. After an interval
// without an answer the server tries the other protocol's ping: a client with a binary codec should answer before.
const PING_INTERVAL_MS = 2500;
const PING_TIMEOUT_MS = 7000;

// Small enough that whatever a client and a server say is compressed.
const COMPRESSED = { perMessageDeflate: true, perMessageDeflateThreshold: 1 };

// isTls: the harness adds the certificate.
const SERVERS = [
  { name: 'plain', options: {} },
  { name: 'compressed', options: COMPRESSED },
  { name: 'tls', options: {}, isTls: true },
  { name: 'tls+compressed', options: COMPRESSED, isTls: true },
  { name: 'batching', options: { batchOnHandshake: true, batchOnHandshakeDuration: 1000, batchInterval: 20 } },
];

function major(release) {
  return Number(release.name.split('.')[0]);
}

// The release of sc-codec-min-bin that was current with the client. Both go with all clients but 5.0, which have no codec option.
function minBinOf(release) {
  return major(release) < 11 ? 'scmb2' : 'scmb3';
}

const CODECS = [
  { name: 'text', has: () => true, options: () => ({}) },
  {
    name: 'min-bin',
    has: (release) => !release.name.startsWith('5.0.'),
    options: (release) => ({ codecEngine: require(minBinOf(release)) }),
  },
];

// For the WebSocket module below the client: protocol 1 hands all of its options to it.
function moduleOptions(release, options) {
  return release.protocol === 1 ? options : { wsOptions: options };
}

const SMALL_WINDOWS = { serverMaxWindowBits: 10, clientMaxWindowBits: 10, serverNoContextTakeover: true, clientNoContextTakeover: true };

// Settings of the client; `servers`: with which it makes sense, all by default. A client of protocol 2 that is told to speak protocol 1 pings in text beside packets in a binary
// codec: no server of protocol 1 understood that, and neither do we.
const VARIANTS = [
  { name: 'default', has: () => true, options: () => ({}) },
  {
    name: 'protocolVersion 1',
    has: (release, codec) => release.protocol === 2 && codec.name === 'text',
    options: () => ({ protocolVersion: 1 }),
  },
  {
    name: 'batching',
    has: (release) => major(release) >= 8,
    options: () => ({ batchOnHandshake: true, batchOnHandshakeDuration: 2000, batchInterval: 20 }),
    subscribe: (release) => (release.protocol === 1 ? { batch: true } : {}),
  },
  {
    name: 'own compression',
    servers: (server) => Boolean(server.options.perMessageDeflate),
    has: () => true,
    options: (release) => moduleOptions(release, { perMessageDeflate: { ...SMALL_WINDOWS, threshold: 0 } }),
  },
  {
    name: 'no compression',
    servers: (server) => Boolean(server.options.perMessageDeflate),
    has: () => true,
    options: (release) => moduleOptions(release, { perMessageDeflate: false }),
  },
  {
    name: 'other codec release',
    has: (release, codec) => codec.name === 'min-bin',
    options: (release) => ({ codecEngine: require(minBinOf(release) === 'scmb2' ? 'scmb3' : 'scmb2') }),
  },
];

function chosen(list, variable) {
  const value = process.env[variable];
  if (value === undefined) return list;
  const names = value.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !list.some((item) => item.name === name));
  if (unknown.length > 0) throw new Error(`${variable}: there is no ${unknown.join(', ')}`);
  return list.filter((item) => names.includes(item.name));
}

const servers = chosen(SERVERS, 'SC_MATRIX_SERVERS');
const codecs = chosen(CODECS, 'SC_MATRIX_CODECS');
const variants = chosen(VARIANTS, 'SC_MATRIX_VARIANTS');
const releases = chosen(RELEASES, 'SC_MATRIX_CLIENTS');
const moreOptions = JSON.parse(process.env.SC_MATRIX_OPTIONS || '{}');

// Only a run of everything, as it stands here, says what README.md may say.
const isFull =
  servers === SERVERS && codecs === CODECS && variants === VARIANTS && releases === RELEASES && Object.keys(moreOptions).length === 0;

// Loaded before anything runs: it takes most of a second.
for (const release of releases) require(release.alias);

// All clients that meet that server: { release, codec, variant, name }.
function settings(server) {
  const found = [];
  const fitting = variants.filter((variant) => !variant.servers || variant.servers(server));
  for (const release of releases)
    for (const codec of codecs.filter((each) => each.has(release)))
      for (const variant of fitting.filter((each) => each.has(release, codec)))
        found.push({ release, codec, variant, name: [release.name, codec.name, variant.name].join(', ') });
  return found;
}

// { certificate, key }: files in that folder, for 127.0.0.1, signed by itself.
function makeCertificate(dir) {
  const files = { certificate: path.join(dir, 'cert.pem'), key: path.join(dir, 'key.pem') };
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const subject = ['-subj', '/CN=sc-cluster test', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  execFileSync('openssl', [...request, ...subject, '-out', files.certificate, '-keyout', files.key], { stdio: 'pipe' });
  return files;
}

// Options of a client that reaches this server.
function clientOptions(setting, server, certificate) {
  const options = { ...setting.codec.options(setting.release), ...setting.variant.options(setting.release) };
  if (!server.isTls) return options;
  const trust = moduleOptions(setting.release, { ca: fs.readFileSync(certificate) });
  return { ...options, ...trust, secure: true, ...(trust.wsOptions && { wsOptions: { ...options.wsOptions, ...trust.wsOptions } }) };
}

module.exports = {
  CODECS,
  PING_INTERVAL_MS,
  PING_TIMEOUT_MS,
  RELEASES,
  SERVERS,
  VARIANTS,
  clientOptions,
  codecs,
  isFull,
  makeCertificate,
  moreOptions,
  releases,
  servers,
  settings,
  variants,
};
