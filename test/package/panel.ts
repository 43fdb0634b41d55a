import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Browser, Page } from 'playwright-core';

import { openEditor } from '../harness/browser/browser';
import { byTestId } from '../harness/browser/editor';
import type { N8nClient } from '../harness/n8n/client';

/** Where the pictures of the panel are kept, to be looked at. */
const pictures = join(__dirname, 'output');

/** npm and n8n's own restart of its node types take their time. */
const changeTimeoutMs = 120_000;

/** n8n's panel *Settings → Community nodes*, typed and clicked by its owner. */
export class CommunityPanel {
	private constructor(private readonly page: Page) {}

	/** Opens n8n as its owner, and goes to the panel by its menus. */
	static async open(browser: Browser, client: N8nClient, url: string): Promise<CommunityPanel> {
		const context = await openEditor(browser, client, url, { width: 1280, height: 720 });
		const page = await context.newPage();
		await page.goto(`${url}/settings`);
		await page.getByText('Community nodes', { exact: true }).first().click();
		await page.waitForURL(/\/settings\/community-nodes/, { timeout: 60_000 });
		return new CommunityPanel(page);
	}

	/** Whether it has a button that installs a package, once it has listed those that are installed. */
	async offersInstall(): Promise<boolean> {
		await this.list();
		return await this.installButton.isVisible();
	}

	/** Installs a package, by what its user types: a name, or a name with a version behind an @. */
	async install(typed: string): Promise<void> {
		const { page } = this;
		await this.installButton.click();
		await page.getByPlaceholder('e.g. n8n-nodes-chatwork').fill(typed);
		await byTestId(page, 'user-agreement-checkbox').click();
		await this.takePicture('install');
		await byTestId(page, 'install-community-package-button').click();
		await this.waitFor('Package installed');
		await this.takePicture('installed');
	}

	/** What the panel lists, as `name@version`. */
	async list(): Promise<string[]> {
		const { page } = this;
		// Without a version it is a placeholder, until n8n has answered.
		const cards = byTestId(page, 'community-package-card').filter({ hasText: /v\d/ });
		const none = page.getByText(/^Supercharge your workflows with/);
		await cards.or(none).first().waitFor();
		const texts = await cards.allInnerTexts();
		return texts.map((text) => {
			const [name] = text.split('\n');
			const version = /\bv(\d[\w.-]*)/.exec(text)?.[1];
			return `${name}@${version}`;
		});
	}

	/** Updates the one package that is installed to the newest version. */
	async update(): Promise<void> {
		const { page } = this;
		// The panel asks npm for newer versions when it is opened.
		await page.reload();
		const card = byTestId(page, 'community-package-card');
		await card.getByRole('button', { name: 'Update' }).click();
		await page.getByRole('button', { name: 'Confirm update' }).waitFor();
		await this.takePicture('update');
		await page.getByRole('button', { name: 'Confirm update' }).click();
		await this.waitFor('Package updated');
		await this.takePicture('updated');
	}

	/** Removes the one package that is installed. */
	async remove(): Promise<void> {
		const { page } = this;
		const card = byTestId(page, 'community-package-card');
		await byTestId(card, 'action-toggle').click();
		await page.getByText('Uninstall package', { exact: true }).filter({ visible: true }).click();
		await page.getByRole('button', { name: 'Confirm uninstall' }).waitFor();
		await this.takePicture('remove');
		await page.getByRole('button', { name: 'Confirm uninstall' }).click();
		await this.waitFor('Package uninstalled');
		await this.takePicture('removed');
	}

	close = () => this.page.context().close();

	private get installButton() {
		return this.page.getByRole('button', { name: /^Install/ }).first();
	}

	private async waitFor(message: string): Promise<void> {
		await this.page.getByText(message, { exact: true }).first().waitFor({
			timeout: changeTimeoutMs,
		});
	}

	private async takePicture(name: string): Promise<void> {
		await mkdir(pictures, { recursive: true });
		await this.page.screenshot({ path: join(pictures, `panel-${name}.png`) });
	}
}
