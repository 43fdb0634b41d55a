module.exports = {
	...require('../jest.n8n.config.js'),
	roots: [__dirname],
	testTimeout: 120_000,
};
