// Jest gives every test file fresh modules. n8n's two thousand take seconds to load, so each worker loads
// them once, when a test first asks for them. shareModules.cjs hands them to the tests.
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { types } = require('node:util');

const { TestEnvironment } = require('jest-environment-node');

const names = ['reflect-metadata', 'n8n-workflow', 'n8n-core'];

/** n8n-core reads its settings while it loads; without this folder it would create ~/.n8n. */
function setUpN8n() {
	if (process.env.N8N_USER_FOLDER) return;
	const folder = mkdtempSync(join(tmpdir(), 'pocketsflow-engine-'));
	process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
	Object.assign(process.env, {
		N8N_USER_FOLDER: folder,
		N8N_ENCRYPTION_KEY: 'test',
		N8N_LOG_LEVEL: 'silent',
	});
}

module.exports = class extends TestEnvironment {
	constructor(...args) {
		// Before the environment copies the variables of the process.
		setUpN8n();
		super(...args);
		this.global.sharedModules = names.map((name) => [name, () => require(name)]);
		acceptInstancesOfOtherContexts(this.global.Error, types.isNativeError);
		acceptInstancesOfOtherContexts(this.global.Date, types.isDate);
	}
};

/** The shared modules create errors and dates in another V8 context, in which those classes are others. */
function acceptInstancesOfOtherContexts(Class, isInstance) {
	const isOwnInstance = Function.prototype[Symbol.hasInstance];
	Object.defineProperty(Class, Symbol.hasInstance, {
		value(value) {
			return (this === Class && isInstance(value)) || isOwnInstance.call(this, value);
		},
	});
}
