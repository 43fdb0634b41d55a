const { join } = require('node:path');

/** For Stryker, which runs the tests of one group; main.ts says which. */
module.exports = {
	...require('../../jest.config.js'),
	testEnvironment: join(__dirname, 'environment.cjs'),
	setupFiles: [join(__dirname, 'shareModules.cjs')],
};
