import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Credential, CredentialTest } from '../harness/n8n/client';
import { resolvesNames } from '../harness/n8n/defaults';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { chosenVersions } from '../harness/n8n/install';
import { readMessage } from '../harness/runMain';
import { buildChain, buildNode, startNode } from '../harness/n8n/workflows';
import {
	json,
	startFaultServer,
	text,
	type Behavior,
	type FaultServer,
} from '../engine/transport/faultServer';

const key = 'pk_live_Qh7ZkP2wXr9Tb4MnQh7ZkP2wXr9Tb4Mn';
const notPocketsflow = /is not the Pocketsflow API/;
const connected: CredentialTest = { status: 'OK', message: 'Connection successful!' };

let environment: TestEnvironment;
let servers: FaultServer[] = [];

const open = async (behavior: Behavior | Behavior[]) => {
	const server = await startFaultServer(behavior);
	servers.push(server);
	return server;
};

const testCredential = async (data: Record<string, unknown>) =>
	await environment.client.testCredential(environment.credential, { apiKey: key, ...data });

/** Runs n8n's own HTTP Request node with a credential, and gives the status of the execution. */
async function request(url: string, credential: Credential): Promise<string> {
	const { client } = environment;
	const ask = buildNode('Ask', 'n8n-nodes-base.httpRequest', 4.2, {
		url,
		authentication: 'predefinedCredentialType',
		nodeCredentialType: 'pocketsflowApi',
		options: {},
	});
	const workflow = buildChain('HTTP Request with the credential', [startNode, ask]);
	const { id } = await client.importWorkflow(workflow, [credential]);
	return (await client.run(id)).status;
}

afterEach(async () => {
	await Promise.all(servers.map(async (server) => await server.close()));
	servers = [];
});

describe.each(chosenVersions)("n8n's test of the credential, on n8n %s", (version) => {
	/** Nothing leaves this machine: every connection to elsewhere goes to this proxy, which refuses. */
	const proxy = createServer();
	let connections: string[] = [];

	beforeAll(async () => {
		proxy.on('connect', (connection, socket) => {
			connections.push(connection.url ?? '');
			socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
		});
		await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
		const { port } = proxy.address() as AddressInfo;
		const env = { HTTPS_PROXY: `http://127.0.0.1:${port}` };
		environment = await startEnvironment({ n8n: { version, env } });
	}, installationTimeoutMs);
	afterAll(async () => {
		await environment?.stop();
		proxy.close();
	});

	it('the credential test succeeds with blanks around the key and the address', async () => {
		const { sandbox } = environment;
		const data = { apiKey: `  ${sandbox.testKey}\n`, baseUrl: ` ${sandbox.url}/ ` };
		expect(await testCredential(data)).toEqual(connected);
	});

	it('the credential test asks Pocketsflow itself if the address is empty', async () => {
		connections = [];
		const { status, message } = await testCredential({ baseUrl: ' ' });
		expect(status).toBe('Error');
		// n8n's SSRF protection looks the name up first, and this machine has no network for that.
		if (resolvesNames()) expect(message).toContain('api.pocketsflow.com');
		expect(connections).toEqual(resolvesNames() ? [] : ['api.pocketsflow.com:443']);
	});

	it.each([301, 302, 303, 307, 308])(
		'the credential test follows no redirect with the key (%i)',
		async (status) => {
			const other = await open(json(200, { _id: 'u1', email: 'mira@example.org' }));
			const server = await open((_, response) =>
				response.writeHead(status, { location: `${other.url}/users/me` }).end(),
			);
			const result = await testCredential({ baseUrl: server.url });
			expect(result.status).toBe('Error');
			expect(server.received).toMatchObject([{ url: '/users/me', key: `Bearer ${key}` }]);
			expect(other.received).toEqual([]);
		},
	);

	it.each([
		['a page', text(200, '<html><h1>Welcome</h1></html>'), notPocketsflow],
		['an empty object', json(200, {}), notPocketsflow],
		['an empty list', json(200, []), notPocketsflow],
		['null', json(200, null), notPocketsflow],
		['a text', json(200, 'ok'), notPocketsflow],
		['an error', json(200, { error: 'Store is closed' }), /Store is closed/],
		['nothing', text(204, ''), notPocketsflow],
		['401', json(401, { error: 'Unknown key' }), /doesn't recognize this API key/],
	])('the credential test fails when the answer is %s', async (_, behavior, message) => {
		const server = await open(behavior);
		const result = await testCredential({ baseUrl: server.url }).catch((error: unknown) => ({
			status: 'Error',
			message: readMessage(error),
		}));
		expect(result.status).toBe('Error');
		expect(result.message).not.toContain(key);
		expect(result.message).toMatch(message);
		expect(server.received.length).toBeGreaterThan(0);
	});

	it.each([
		['http://api.pocketsflow.com', /would send the API key unencrypted/],
		['https://user:word@127.0.0.1', /is not a valid web address/],
		['https://127.0.0.1/?a', /is not a valid web address/],
		['https://127.0.0.1/#', /is not a valid web address/],
		['api.pocketsflow.com', /is not a valid web address/],
	])('the credential test sends nothing to %s', async (baseUrl, message) => {
		expect(await testCredential({ baseUrl })).toEqual({
			status: 'Error',
			message: expect.stringMatching(message),
		});
	});

	it.each([
		['http://nobody.invalid', /^Can't resolve host nobody\.invalid\. Check the 'Base URL'/],
		['http://127.0.0.1:9', /^Can't connect to 127\.0\.0\.1:9: the connection was refused\./],
	])('the credential test says in words why it cannot reach %s', async (baseUrl, message) => {
		expect((await testCredential({ baseUrl })).message).toMatch(message);
	});

	it('the credential test refuses a key of another service, and sends nothing', async () => {
		const server = await open(json(200, { email: 'mira@example.org' }));
		expect(await testCredential({ apiKey: 'sk_live_123', baseUrl: server.url })).toEqual({
			status: 'Error',
			message: expect.stringMatching(/is not a Pocketsflow key\. Nothing was sent\./),
		});
		expect(server.received).toEqual([]);
	});

	it("n8n's HTTP Request node sends the key to the base URL only", async () => {
		const other = await open(json(200, {}));
		const own = await open([
			json(200, { email: 'mira@example.org' }),
			(_, response) => response.writeHead(302, { location: other.url }).end(),
		]);
		const data = { apiKey: key, baseUrl: own.url };
		const { client } = environment;
		const credential = await client.createCredential('pocketsflowApi', 'Own server', data);
		expect(await request(`${own.url}/users/me`, credential)).toBe('success');
		expect(own.received).toMatchObject([{ key: `Bearer ${key}` }]);
		await request(`${own.url}/users/me`, credential);
		expect(own.received).toHaveLength(2);
		expect(await request(`${other.url}/users/me`, credential)).toBe('error');
		expect(other.received).toEqual([]);
	});
});
