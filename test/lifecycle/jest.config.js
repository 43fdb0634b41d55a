module.exports = {
	...require('../../jest.config.js'),
	rootDir: '../..',
	roots: ['<rootDir>/test/lifecycle'],
	testTimeout: 180_000,
	maxWorkers: 1,
	bail: 0,
};
