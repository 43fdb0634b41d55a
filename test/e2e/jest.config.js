module.exports = {
	...require('../jest.n8n.config.js'),
	roots: [__dirname],
	testEnvironment: '<rootDir>/test/harness/jest/sharedN8n.cjs',
	testTimeout: 120_000,
};
