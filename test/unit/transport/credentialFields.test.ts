import {
	isOwnAddress,
	readCredentialFields,
	type CredentialFields,
} from '../../../nodes/Pocketsflow/transport/credentialFields';

const apiKey = 'pk_live_Qh7ZkP2wXr9Tb4Mn';

const read = (fields: Record<string, string | boolean>) =>
	readCredentialFields({ apiKey, ...fields }, 'this credential');

test.each([
	['', 'https://api.pocketsflow.com'],
	['  ', 'https://api.pocketsflow.com'],
	[' https://api.pocketsflow.com/ \n', 'https://api.pocketsflow.com'],
	['HTTPS://API.Pocketsflow.com', 'https://api.pocketsflow.com'],
	['https://proxy.example.com/pocketsflow//', 'https://proxy.example.com/pocketsflow'],
	['http://localhost:8080', 'http://localhost:8080'],
	['http://sandbox:8080', 'http://sandbox:8080'],
])('The base URL "%s" is read as %s', (baseUrl, expected) => {
	expect(read({ baseUrl })).toMatchObject({ baseUrl: expected, apiKey, mode: 'live' });
});

test.each(['http://api.pocketsflow.com', 'http://172.32.0.1'])(
	'No key is sent unencrypted to %s',
	(baseUrl) => {
		expect(read({ baseUrl })).toEqual({
			message: "The 'Base URL' in this credential would send the API key unencrypted",
			description: expect.stringMatching(/^Nothing was sent\. /),
		});
	},
);

test.each([
	['https://api.pocketsflow.com/users/me', true],
	['HTTPS://API.POCKETSFLOW.COM:443/orders', true],
	['https://api.pocketsflow.com.example.com/', false],
	['https://api.pocketsflow.com@example.com/', false],
	['http://api.pocketsflow.com/', false],
	['https://api.pocketsflow.com:444/', false],
	['/users/me', false],
])('Whether the key may be sent to %s: %s', (address, isOwn) => {
	expect(isOwnAddress(read({}) as CredentialFields, address)).toBe(isOwn);
});
