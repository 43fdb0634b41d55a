/** What the suites with a real n8n share: one file at a time, each test named as it ends. */
module.exports = {
	...require('../jest.config.js'),
	testEnvironment: 'node',
	setupFiles: [],
	testTimeout: 180_000,
	maxWorkers: 1,
	verbose: true,
};
