const { availableParallelism } = require('node:os');

/** The suites that need no n8n: `npx jest` runs them all. test/jest.n8n.config.js builds on this. */
module.exports = {
	rootDir: __dirname,
	roots: [
		'<rootDir>/test/unit',
		'<rootDir>/test/contract',
		'<rootDir>/test/engine',
		'<rootDir>/test/model',
	],
	// Jest's own choice leaves one core idle, and there may be only two.
	maxWorkers: availableParallelism(),
	testEnvironment: '<rootDir>/test/harness/jest/environment.cjs',
	setupFiles: ['<rootDir>/test/harness/jest/shareModules.cjs'],
	testMatch: ['**/*.test.ts'],
	transform: {
		'^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } }],
		// The pages of the sandbox.
		'^.+\\.tsx$': [
			'@swc/jest',
			{
				jsc: {
					parser: { syntax: 'typescript', tsx: true },
					target: 'es2022',
					transform: { react: { runtime: 'automatic', importSource: 'preact' } },
				},
			},
		],
	},
	testTimeout: 30_000,
};
