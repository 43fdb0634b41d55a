// Jest gives every test file fresh modules, so n8n's two thousand are loaded again for each mutant: five
// seconds. Here a process loads them once; shareModules.cjs gives them to the tests.
const { join } = require('node:path');
const { types } = require('node:util');

const { TestEnvironment } = require('jest-environment-node');

// n8n-core reads its settings as it is loaded. Stryker removes its sandbox, and this folder with it.
process.env.N8N_USER_FOLDER = join(__dirname, 'n8n');
process.env.N8N_ENCRYPTION_KEY = 'test';
process.env.N8N_LOG_LEVEL = 'silent';

const names = ['reflect-metadata', 'n8n-workflow', 'n8n-core', 'fast-check'];
const sharedModules = Object.fromEntries(names.map((name) => [name, require(name)]));

module.exports = class extends TestEnvironment {
	constructor(...args) {
		super(...args);
		this.global.sharedModules = sharedModules;
		acceptErrorsOfOtherContexts(this.global.Error);
	}
};

/** The shared modules make their errors in another V8 context, where `Error` is another class. */
function acceptErrorsOfOtherContexts(ErrorHere) {
	const isInstance = Function.prototype[Symbol.hasInstance];
	Object.defineProperty(ErrorHere, Symbol.hasInstance, {
		value(error) {
			return (this === ErrorHere && types.isNativeError(error)) || isInstance.call(this, error);
		},
	});
}
