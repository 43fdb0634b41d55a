import type {
	Icon,
	ICredentialDataDecryptedObject,
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
			displayName:
				'Find your key in Pocketsflow under <b>Developers → API keys</b>. Start with a test key (pk_test_…).',
			name: 'notice',
			type: 'notice',
			default: '',
		},
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			required: true,
			default: '',
			placeholder: 'e.g. pk_test_…',
			description:
				'The secret key from Developers → API keys in Pocketsflow. A test key begins with pk_test_ and moves no money. Test and live data are separate.',
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
				'Needed only for a webhook that you created manually in Pocketsflow. The Pocketsflow Trigger stores its own secret automatically.',
		},
		{
			displayName: 'Ignore SSL Issues (Insecure)',
			name: 'ignoreSslIssues',
			type: 'boolean',
			default: false,
			description:
				"Whether to connect even if the certificate of the Base URL can't be verified. Use this only with a test server.",
		},
	];

	/**
	 * Adds the key to requests of these nodes, of n8n's credential test, and of n8n's HTTP Request node. All
	 * three pass the same checks. The key goes only to the base URL: redirects are not followed, because n8n
	 * would send the key along.
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
}

/** Options of n8n's older HTTP helper, which the HTTP Request node uses. */
const legacyWithoutRedirects = { followRedirect: false, followAllRedirects: false };

/** @throws Error whose message holds everything that the user must know, without the key */
function readFields(
	fields: IDataObject,
	{ baseURL, url, uri }: IHttpRequestOptions & { uri?: string },
): CredentialFields {
	const credential = readCredentialFields(fields, 'this credential');
	if ('message' in credential) throw new Error(`${credential.message}. ${credential.description}`);
	const addresses = [url, uri].filter((address) => address !== undefined);
	if (!addresses.every((address) => isOwnAddress(credential, address, baseURL)))
		throw new Error(
			`This credential sends its API key only to ${new URL(credential.baseUrl).host}. Use a URL on that host, or change the 'Base URL' in the credential.`,
		);
	return credential;
}
