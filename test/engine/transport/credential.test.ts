import {
	buildSetup,
	catchError,
	createCertificate,
	createContext,
	inspectFully,
	key,
	operations,
	quickLimits,
} from './fixtures';

import {
	loadCredential,
	type PocketsflowContext,
} from '../../../nodes/Pocketsflow/transport/credential';
import { send } from '../../../nodes/Pocketsflow/transport/send';
import { PocketsflowApi } from '../../../credentials/PocketsflowApi.credentials';
import { createExecuteContext } from '../../harness/engine/context';
import { json, withFaultServer } from './faultServer';

const readProduct = async (context: PocketsflowContext) =>
	await send(context, operations.read.request, 'read', 0, { limits: quickLimits });

const createContextWith = (credential: Record<string, unknown>) =>
	createExecuteContext({
		...buildSetup('http://127.0.0.1:9'),
		credential: { apiKey: key, baseUrl: 'http://127.0.0.1:9', ...credential },
	});

test.each([
	'',
	'sk_live_1234567890',
	'whsec_secretsecret',
	'Bearer pk_live_secretsecret',
	'pk_test_',
	'pk_live_with space',
	'pk_live_a\nb',
])(
	'An API key that cannot be one is refused and appears nowhere in the error: %j',
	async (apiKey) => {
		const error = await catchError(readProduct(createContextWith({ apiKey })));
		expect(error.constructor.name).toBe('NodeOperationError');
		expect(error.message).toBe(
			`The 'API Key' in the credential "Pocketsflow account" is not a Pocketsflow key`,
		);
		if (apiKey.length > 8) expect(inspectFully(error)).not.toContain(apiKey);
	},
);

test('An API key pasted with whitespace around it works, and its prefix is the mode', async () => {
	expect(await loadCredential(createContextWith({ apiKey: '  pk_live_abc\n' }))).toMatchObject({
		apiKey: 'pk_live_abc',
		mode: 'live',
	});
});

test.each([
	'api.pocketsflow.com',
	'ftp://127.0.0.1',
	'http://',
	'https://user:word@127.0.0.1',
	'https://@127.0.0.1',
	'https://:word@127.0.0.1',
	'https://127.0.0.1/?a=1',
	'https://127.0.0.1/?',
	'https://127.0.0.1/#',
	'https:\\\\127.0.0.1',
	'https://127.0.0.1/a b',
])('A Base URL that is no plain web address is refused: %s', async (baseUrl) => {
	const { message } = await catchError(readProduct(createContextWith({ baseUrl })));
	expect(message).toBe(
		`The 'Base URL' in the credential "Pocketsflow account" is not a valid web address`,
	);
});

test.each([
	['127.0.0.1', true],
	['api.pocketsflow.com, 127.0.0.1', true],
	['*.0.0.1', true],
	['api.pocketsflow.com', false],
	['', false],
])(
	'Whether Allowed Domains "%s" allow requests to 127.0.0.1: %s',
	async (allowedDomains, isAllowed) => {
		await withFaultServer(json(200, { _id: 'abc' }), async ({ url, received }) => {
			const context = createContextWith({
				baseUrl: url,
				allowedHttpRequestDomains: 'domains',
				allowedDomains,
			});
			if (isAllowed) expect(await readProduct(context)).toEqual({ _id: 'abc' });
			else
				expect((await catchError(readProduct(context))).message).toMatch(
					/^The 'Allowed Domains' .* do not include 127\.0\.0\.1$/,
				);
			expect(received).toHaveLength(isAllowed ? 1 : 0);
		});
	},
);

test("Pocketsflow's own address is allowed whatever Allowed Domains say", async () => {
	const context = createContextWith({
		baseUrl: '',
		allowedHttpRequestDomains: 'domains',
		allowedDomains: 'x.com',
	});
	expect(await loadCredential(context)).toMatchObject({ baseUrl: 'https://api.pocketsflow.com' });
});

test('Ignore SSL Issues accepts an untrusted certificate', async () => {
	await withFaultServer(
		json(200, { _id: 'abc' }),
		async ({ url }) => {
			const context = createContextWith({ baseUrl: url, ignoreSslIssues: true });
			expect(await readProduct(context)).toEqual({ _id: 'abc' });
		},
		createCertificate(),
	);
});

test('The credential is read once for all requests of a context', async () => {
	await withFaultServer(json(200, {}), async ({ url }) => {
		const context = createContext(url);
		const reads = jest.spyOn(context, 'getCredentials');
		await loadCredential(context);
		await loadCredential(context);
		expect(reads).toHaveBeenCalledTimes(1);
	});
});

test.each([
	['https://evil.example.com/x', 'https://api.pocketsflow.com'],
	['https://evil.example.com/x', 'https://api.pocketsflow.com/'],
	['//evil.example.com/x', 'https://api.pocketsflow.com/'],
	['\\\\evil.example.com/x', 'https://api.pocketsflow.com/'],
	['/x', 'https://evil.example.com'],
])(
	'The key is not added to a request of another node for %s next to the base %s',
	async (url, baseURL) => {
		const { authenticate } = new PocketsflowApi();
		const fields = { apiKey: key, baseUrl: '' };
		const error = await catchError(authenticate(fields, { url, baseURL }));
		expect(error.message).toMatch(
			/^This credential sends its API key only to api\.pocketsflow\.com\./,
		);
		expect(error.message).not.toContain(key);
	},
);

test('The key is added to a request of another node for the own address, and no redirect is followed', async () => {
	const { authenticate } = new PocketsflowApi();
	const options = { url: '/orders', baseURL: 'https://api.pocketsflow.com' };
	expect(await authenticate({ apiKey: key, baseUrl: '' }, options)).toMatchObject({
		...options,
		disableFollowRedirect: true,
		headers: { Authorization: `Bearer ${key}` },
	});
});

test('The key is not added if one of two addresses of a request leads elsewhere', async () => {
	const options = { url: 'https://api.pocketsflow.com/x', uri: 'https://evil.example.com/x' };
	const error = await catchError(
		new PocketsflowApi().authenticate({ apiKey: key, baseUrl: '' }, options),
	);
	expect(error.message).toMatch(/sends its API key only to api\.pocketsflow\.com/);
});
