/** @jest-environment node */
// n8n reads the proxy of the process, so it must be the same process.
import 'reflect-metadata';

import { CredentialTestContext } from 'n8n-core';
import type { IWorkflowExecuteAdditionalData } from 'n8n-workflow';

import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import { PocketsflowPollingTrigger } from '../../nodes/Pocketsflow/PocketsflowPollingTrigger.node';
import { PocketsflowTrigger } from '../../nodes/Pocketsflow/PocketsflowTrigger.node';
import { findCredentialFault } from '../../nodes/Pocketsflow/methods/credentialFault';
import { openSandbox } from './stockedSandbox';
import { json, silence, text, withFaultServer, type Behavior } from './transport/faultServer';

const key = 'pk_test_Qh7ZkP2wXr9Tb4Mn';

async function testFields(baseUrl: string, apiKey = key, more = {}) {
	const { testPocketsflowApi } = new Pocketsflow().methods.credentialTest;
	const context = new CredentialTestContext({} as IWorkflowExecuteAdditionalData);
	const data = { apiKey, baseUrl, ...more };
	return await testPocketsflowApi.call(context, { id: '1', name: 'Shop', type: 'x', data });
}

const answer = async (behavior: Behavior) => {
	let message: string | undefined;
	await withFaultServer(behavior, async ({ url, received }) => {
		({ message } = await testFields(url));
		expect(received).toMatchObject([{ url: '/users/me', key: `Bearer ${key}` }]);
	});
	return message;
};

test('Every node names the test, because n8n takes the first that uses the credential', () => {
	for (const node of [
		new Pocketsflow(),
		new PocketsflowTrigger(),
		new PocketsflowPollingTrigger(),
	]) {
		expect(node.description.credentials).toMatchObject([{ testedBy: 'testPocketsflowApi' }]);
		expect(node.methods.credentialTest.testPocketsflowApi).toBeInstanceOf(Function);
	}
});

test('A good key is accepted, with blanks around it and the address', async () => {
	const sandbox = await openSandbox();
	try {
		expect(await testFields(` ${sandbox.url}/ `, ` ${sandbox.testKey}\n`)).toEqual({
			status: 'OK',
			message: 'Connection successful!',
		});
		expect((await testFields(sandbox.url, 'pk_test_wrong')).message).toMatch(
			/^Invalid API key\. Pocketsflow doesn't recognize this API key\. Check the 'API Key' in this/,
		);
	} finally {
		await sandbox.close();
	}
});

test.each([
	[
		'another address',
		json(302, {}, { location: 'https://example.com' }),
		/redirects to https:\/\/example\.com\. This node does not follow redirects\. Update the 'Base URL' in this/,
	],
	[
		'403',
		json(403, {}),
		/^Forbidden\. The test-mode API key in this credential doesn't have permission for this request/,
	],
	['429', json(429, {}), /^Too many requests\. Wait a minute and try again/],
	['503', text(503, 'down'), /^Service unavailable: .*could not process the request/],
	['404', json(404, {}), /is not the Pocketsflow API/],
	['a page', text(200, '<h1>Welcome</h1>'), /is not the Pocketsflow API/],
	['an error', json(200, { ok: false, detail: 'Store is closed' }), /^Store is closed\./],
	...[401, 403, 404, 407].map((status): [string, Behavior, RegExp] => [
		`a page with ${status}`,
		text(status, '<!doctype html><title>Blocked by the firewall</title>'),
		status === 407
			? /begins with "Blocked by the firewall"\. Add the user name and password of the proxy/
			: /begins with "Blocked by the firewall"\. A proxy, a firewall, or another server may have/,
	]),
	['nothing', text(204, ''), /is not the Pocketsflow API/],
	['a list', json(200, []), /is not the Pocketsflow API/],
])('The credential test says what is wrong if the answer is %s', async (_, behavior, message) => {
	expect(await answer(behavior)).toMatch(message);
});

test.each([
	['http://nobody.invalid', /^Can't resolve host nobody\.invalid\. Check the 'Base URL' in this/],
	['http://127.0.0.1:9', /^Can't connect to 127\.0\.0\.1:9: the connection was refused\. Check/],
	['http://api.pocketsflow.com', /would send the API key unencrypted\. Nothing was sent\./],
])('The credential test explains why there was no answer from %s', async (baseUrl, message) => {
	const result = await testFields(baseUrl);
	expect(result.status).toBe('Error');
	expect(result.message).toMatch(message);
	expect(result.message).not.toMatch(/ENOTFOUND|ECONNREFUSED|pk_test/);
});

test('The credential test reports that a server does not answer in time', async () => {
	await withFaultServer(silence, async ({ url }) => {
		const { helpers } = new CredentialTestContext({} as IWorkflowExecuteAdditionalData);
		const fault = await findCredentialFault(helpers, { apiKey: key, baseUrl: url }, 300);
		expect(fault).toMatch(/^127\..* did not send a complete response within 0\.3 seconds\./);
	});
});

test('Says of an empty key that an expression has no item here', async () => {
	expect((await testFields('https://api.pocketsflow.com', '')).message).toMatch(
		/is not a Pocketsflow key\. Nothing was sent\. The field or the result of its expression is empty\. .*run without an item/,
	);
});

describe('a proxy', () => {
	const { HTTPS_PROXY } = process.env;
	afterEach(() => {
		if (HTTPS_PROXY === undefined) delete process.env.HTTPS_PROXY;
		else process.env.HTTPS_PROXY = HTTPS_PROXY;
	});

	it('that is down is named, and not Pocketsflow', async () => {
		process.env.HTTPS_PROXY = 'http://127.0.0.1:9';
		expect((await testFields('https://api.example.com')).message).toBe(
			"n8n could not connect through the proxy 127.0.0.1:9. Check n8n's proxy settings and make sure that the proxy is running.",
		);
	});
});
