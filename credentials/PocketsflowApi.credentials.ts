import type {
	IAuthenticateGeneric,
	Icon,
	ICredentialTestRequest,
	ICredentialType,
	INodeProperties,
} from 'n8n-workflow';

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
			default: 'https://api.pocketsflow.com',
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

	authenticate: IAuthenticateGeneric = {
		type: 'generic',
		properties: {
			headers: { Authorization: '=Bearer {{$credentials.apiKey.trim()}}' },
		},
	};

	test: ICredentialTestRequest = {
		request: {
			baseURL: '={{$credentials.baseUrl.replace(/\\/+$/, "")}}',
			url: '/users/me',
			skipSslCertificateValidation: '={{$credentials.ignoreSslIssues}}',
		},
		rules: [
			{
				type: 'responseCode',
				properties: {
					value: 401,
					message:
						'Pocketsflow does not know this API key. It begins with pk_live_ or pk_test_; copy it again from Developers → API keys.',
				},
			},
			{
				type: 'responseCode',
				properties: {
					value: 403,
					message:
						'Pocketsflow knows this API key but does not let it read the account. Check the key under Developers → API keys.',
				},
			},
			{
				type: 'responseCode',
				properties: {
					value: 429,
					message:
						'Pocketsflow received too many requests in the last minute. The key may be right: wait a minute and test again.',
				},
			},
		],
	};
}
