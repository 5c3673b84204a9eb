'use strict';
// An application without code of its own; with presence when the load asks for it.
const path = require('path');

module.exports.run = (worker) => {
  if (process.env.SC_BENCH_PRESENCE !== '1') return;
  require(path.join(process.env.SC_BENCH_PEER, 'node_modules/sc-stateless-presence')).attach(worker);
};
