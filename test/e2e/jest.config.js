const { mkdirSync } = require('node:fs');
const { join } = require('node:path');

// Jest makes no folder for its --outputFile.
mkdirSync(join(__dirname, 'output'), { recursive: true });

module.exports = {
	...require('../jest.n8n.config.js'),
	roots: [__dirname],
	testTimeout: 120_000,
};
