'use strict';
// Certificates and keys for tests, made by the program openssl, and what clients need to take them.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const KINDS = { ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], rsa: ['-newkey', 'rsa:2048'] };

// Makes dir/name.pem and dir/name.key. Options: kind ('ec', 'rsa'), passphrase. Returns { cert, key }, paths.
function makeCertificate(dir, name, { kind = 'ec', passphrase } = {}) {
  const cert = path.join(dir, `${name}.pem`);
  const key = path.join(dir, `${name}.key`);
  const lock = passphrase === undefined ? ['-nodes'] : ['-passout', `pass:${passphrase}`];
  execFileSync('openssl', ['req', '-x509', ...KINDS[kind], ...lock, '-keyout', key, '-out', cert, '-days', '2',
    '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'], { stdio: 'pipe' });
  return { cert, key };
}

// As makeCertificate, but it was valid in the year 2000.
function makeExpired(dir, name) {
  const { cert, key } = makeCertificate(dir, name);
  const config = path.join(dir, 'ca.cnf');
  const request = path.join(dir, 'request.pem');
  fs.writeFileSync(path.join(dir, 'index.txt'), '');
  fs.writeFileSync(config, `[ca]\ndefault_ca=a\n[a]\ndatabase=${dir}/index.txt\nnew_certs_dir=${dir}\nrand_serial=yes\n` +
    'default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n');
  execFileSync('openssl', ['req', '-new', '-key', key, '-subj', `/CN=${name}`, '-out', request], { stdio: 'pipe' });
  execFileSync('openssl', ['ca', '-batch', '-notext', '-config', config, '-selfsign', '-keyfile', key, '-in', request,
    '-out', cert, '-startdate', '20000101000000Z', '-enddate', '20010101000000Z'], { stdio: 'pipe' });
  return { cert, key };
}

let shared = null;

// One certificate for all clusters of a process that do not care which.
function sharedCertificate() {
  if (shared === null) {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sct-tls-'));
    process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
    shared = makeCertificate(dir, 'shared');
  }
  return shared;
}

// For the published clients: those of 5 to 14 look at the first level, the others into wsOptions.
const CLIENT_OPTIONS = { secure: true, rejectUnauthorized: false, wsOptions: { rejectUnauthorized: false } };

module.exports = { CLIENT_OPTIONS, makeCertificate, makeExpired, sharedCertificate };
