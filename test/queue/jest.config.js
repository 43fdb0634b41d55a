module.exports = {
	...require('../../jest.config.js'),
	roots: [__dirname],
	testTimeout: 180_000,
	maxWorkers: 1,
	verbose: true,
};
