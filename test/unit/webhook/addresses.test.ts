import { seal, unseal } from '../../../nodes/Pocketsflow/webhook/sealing';
import {
	hasSamePath,
	isSameLocation,
	isSameUrl,
	normalizeUrl,
} from '../../../nodes/Pocketsflow/webhook/addresses';

const url = 'https://n8n.example.com/webhook/a%2Fb/%C3%BC~x/webhook';

const spellings = [
	'HTTPS://N8N.Example.COM/webhook/a%2Fb/%C3%BC~x/webhook',
	'https://n8n.example.com:443/webhook/a%2Fb/%C3%BC~x/webhook',
	'https://n8n.example.com./webhook/a%2Fb/%C3%BC~x/webhook',
	'https://n8n.example.com/webhook/a%2Fb/%C3%BC~x/webhook/',
	'https://n8n.example.com/webhook/a%2fb/%c3%bc%7Ex/webhook',
	'https://n8n.example.com/./webhook/a%2Fb/ü~x/webhook#end',
];

it.each(spellings)('%s is the same address in another spelling', (spelling) => {
	expect(normalizeUrl(spelling)).toBe(url);
	expect(isSameUrl(spelling, url)).toBe(true);
	expect(unseal(seal('whsec_1', 'pk_test_1', spelling), 'pk_test_1', url)).toBe('whsec_1');
});

it.each([
	'http://n8n.example.com/webhook/a%2Fb/%C3%BC~x/webhook',
	'https://n8n.example.com:8443/webhook/a%2Fb/%C3%BC~x/webhook',
	'https://n8n.example.com/webhook/a/b/%C3%BC~x/webhook',
	'https://n8n.example.com/Webhook/a%2Fb/%C3%BC~x/webhook',
	'https://n8n.example.com/webhook/a%2Fb/%C3%BC~x/webhook?x=1',
	'not a URL',
])('%s is another address', (other) => {
	expect(isSameUrl(other, url)).toBe(false);
	expect(unseal(seal('whsec_1', 'pk_test_1', other), 'pk_test_1', url)).toBeUndefined();
});

it('addresses are compared by scheme, host and path', () => {
	expect(isSameLocation('http://N8N.example.com/x/', 'https://n8n.example.com/x')).toBe(true);
	expect(isSameLocation('https://staging.example.com/x', 'https://n8n.example.com/x')).toBe(false);
	expect(isSameLocation('https://n8n.example.com/y', 'https://n8n.example.com/x')).toBe(false);
	expect(hasSamePath('https://staging.example.com/x/', 'https://n8n.example.com/x')).toBe(true);
	expect(hasSamePath('https://n8n.example.com/y', 'https://n8n.example.com/x')).toBe(false);
	expect(hasSamePath('', '')).toBe(false);
});
