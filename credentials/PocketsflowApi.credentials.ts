import type {
	Icon,
	ICredentialDataDecryptedObject,
	ICredentialTestRequest,
	ICredentialType,
	IDataObject,
	IHttpRequestOptions,
	INodeProperties,
} from 'n8n-workflow';

import {
	defaultBaseUrl,
	isOwnAddress,
	readCredentialFields,
	type CredentialFields,
} from '../nodes/Pocketsflow/transport/credentialFields';

type TestRule = NonNullable<ICredentialTestRequest['rules']>[number];

const buildStatusRule = (value: number, message: string): TestRule => ({
	type: 'responseCode',
	properties: { value, message },
});

const testRules: TestRule[] = [
	...[301, 302, 303, 307, 308].map((value) =>
		buildStatusRule(
			value,
			"The 'Base URL' leads to another address, to which the API key is not sent. Enter the address of the Pocketsflow API itself.",
		),
	),
	buildStatusRule(
		401,
		'Pocketsflow does not know this API key. It begins with pk_live_ or pk_test_; copy it again from Developers → API keys.',
	),
	buildStatusRule(
		403,
		'Pocketsflow knows this API key but does not let it read the account. Check the key under Developers → API keys.',
	),
	buildStatusRule(
		429,
		'Pocketsflow received too many requests in the last minute. The key may be right: wait a minute and test again.',
	),
	{
		type: 'responseSuccessBody',
		properties: {
			// Every account has an email address (docs/pocketsflow-api.md#customers-reviews-and-account).
			key: 'email',
			value: undefined,
			message:
				"What answered at the 'Base URL' is not the Pocketsflow API: there is no account in the answer. It is usually https://api.pocketsflow.com.",
		},
	},
];

export class PocketsflowApi implements ICredentialType {
	name = 'pocketsflowApi';

	displayName = 'Pocketsflow API';

	icon: Icon = {
		light: 'file:../nodes/Pocketsflow/pocketsflow.svg',
		dark: 'file:../nodes/Pocketsflow/pocketsflow.dark.svg',
	};

	documentationUrl = 'https://github.com/pocketsflow/n8n-nodes-pocketsflow#credential';

	properties: INodeProperties[] = [
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			required: true,
			default: '',
			placeholder: 'e.g. pk_live_…',
			description:
				'The secret key from Developers → API keys at Pocketsflow. A key that begins with pk_test_ works on test data and moves no money.',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: defaultBaseUrl,
			description: 'The address of the Pocketsflow API. Change it only to use a test server.',
		},
		{
			displayName: 'Webhook Signing Secret',
			name: 'webhookSigningSecret',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			placeholder: 'e.g. whsec_…',
			description:
				'Needed only for a webhook endpoint that you made by hand at Pocketsflow. The trigger keeps the secret of an endpoint that it registers itself.',
		},
		{
			displayName: 'Ignore SSL Issues (Insecure)',
			name: 'ignoreSslIssues',
			type: 'boolean',
			default: false,
			description:
				'Whether to connect even if the certificate of the base URL cannot be verified. Use it only with a test server.',
		},
	];

	/**
	 * Adds the key to a request of these nodes, of n8n's test of the credential and of its HTTP Request
	 * node. The same checks hold for all three, and the key goes to the base URL only: no redirect is
	 * followed, because n8n takes the key along.
	 */
	authenticate = async (
		fields: ICredentialDataDecryptedObject,
		options: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> => {
		const credential = readFields(fields as IDataObject, options);
		const withoutRedirects = { disableFollowRedirect: true, ...legacyWithoutRedirects };
		const authorization = { Authorization: `Bearer ${credential.apiKey}` };
		return { ...options, ...withoutRedirects, headers: { ...options.headers, ...authorization } };
	};

	test: ICredentialTestRequest = {
		request: {
			baseURL: `={{ ($credentials.baseUrl || "").trim().replace(/\\/+$/, "") || "${defaultBaseUrl}" }}`,
			url: '/users/me',
			disableFollowRedirect: true,
			skipSslCertificateValidation: '={{$credentials.ignoreSslIssues}}',
		},
		// n8n reads rules of both kinds, though its type allows one kind only.
		rules: testRules as ICredentialTestRequest['rules'],
	};
}

/** Options of n8n's older HTTP helper, which its HTTP Request node uses. */
const legacyWithoutRedirects = { followRedirect: false, followAllRedirects: false };

/** @throws Error with everything that a user must know in its message, and without the key */
function readFields(
	fields: IDataObject,
	{ baseURL = '', url, uri }: IHttpRequestOptions & { uri?: string },
): CredentialFields {
	const credential = readCredentialFields(fields, 'this credential');
	if ('message' in credential) throw new Error(`${credential.message}. ${credential.description}`);
	if (!isOwnAddress(credential, `${baseURL}${url ?? uri}`))
		throw new Error(
			`The API key in this credential is sent to ${new URL(credential.baseUrl).host} only. Correct the address, or the 'Base URL' of the credential.`,
		);
	return credential;
}
