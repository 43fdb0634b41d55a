import { mkdir } from 'node:fs/promises';
import { readExample } from '../../demo/example-workflows';
import { examples } from '../../demo/examples';
import { openBrowser, openEditor } from '../harness/browser/browser';
import { installationTimeoutMs, startEnvironment, type TestEnvironment } from '../harness/n8n/environment';
let environment: TestEnvironment;
beforeAll(async () => { environment = await startEnvironment(); }, installationTimeoutMs);
afterAll(() => environment?.stop());
test('shots', async () => {
	await mkdir('/tmp/shots', { recursive: true });
	const browser = await openBrowser();
	const { client, n8n } = environment;
	const editor = await openEditor(browser, client, n8n.url, { width: 1600, height: 1000 });
	const page = await editor.newPage();
	for (const { file } of examples) {
		const { id } = await client.importWorkflow(await readExample(file));
		await page.goto(`${n8n.url}/workflow/${id}`);
		await page.locator('[data-test-id=canvas-node]').first().waitFor();
		await new Promise((r) => setTimeout(r, 1200));
		await page.keyboard.press('1');
		await new Promise((r) => setTimeout(r, 800));
		await page.screenshot({ path: `/tmp/shots/${file}.png` });
	}
	await browser.close();
}, 400_000);
