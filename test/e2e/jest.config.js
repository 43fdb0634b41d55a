const { mkdirSync } = require('node:fs');
const { join } = require('node:path');

// Jest makes no folder for its --outputFile.
mkdirSync(join(__dirname, 'output'), { recursive: true });

module.exports = {
	...require('../../jest.config.js'),
	roots: [__dirname],
	testTimeout: 120_000,
	maxWorkers: 1,
	verbose: true,
};
