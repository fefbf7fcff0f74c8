//! The words of the rooms that are about an integration: going live, and its quality.

use super::words::words;
use crate::pages::Locale;

words! {
    IntegrationWords;
    going_live: "Salida a producción", "Ida para produção", "Going live";
    going_live_lead: "Las credenciales de producción funcionan apenas nada de lo que bloquea queda por hacer.", "As credenciais de produção funcionam assim que nada do que bloqueia falta fazer.", "The live credentials work as soon as nothing that blocks is left to be done.";
    quality: "Calidad", "Qualidade", "Quality";
    quality_lead: "Qué tan bien está hecha la integración, medida por uno de sus pagos.", "Quão bem feita é a integração, medida por um de seus pagamentos.", "How well the integration is made, measured by one of its payments.";
    choose: "Elegí una aplicación.", "Escolha uma aplicação.", "Choose an application.";
    sections: "Secciones de la aplicación", "Seções da aplicação", "Parts of the application";
    stages: "Etapas de la integración", "Etapas da integração", "Stages of the integration";
    stage_create: "Crear la aplicación", "Criar a aplicação", "Make the application";
    stage_test: "Hacer un pago de prueba", "Fazer um pagamento de teste", "Make a test payment";
    stage_declare: "Declarar el negocio", "Declarar o negócio", "Declare the business";
    stage_measure: "Medir la calidad", "Medir a qualidade", "Measure the quality";
    stage_live: "Salir a producción", "Ir para produção", "Go live";
    done: "hecho", "feito", "done";
    to_do: "pendiente", "pendente", "to be done";

    running: "Las verificaciones están en curso", "As verificações estão em andamento", "The checks are running";
    running_text: "Tardan menos de un minuto. Esta página se actualiza sola.", "Levam menos de um minuto. Esta página se atualiza sozinha.", "They take less than a minute. This page follows by itself.";
    unfinished: "Las verificaciones no terminaron. Probá de nuevo en un minuto.", "As verificações não terminaram. Tente de novo em um minuto.", "The checks did not come to an end. Try again in a minute.";
    unchecked: "Todavía no se verificó nada", "Nada foi verificado ainda", "Nothing was checked yet";
    unchecked_text: "Completá el formulario y pedí la verificación.", "Preencha o formulário e peça a verificação.", "Fill in the form, and ask for the checks.";
    is_open: "Nada bloquea la salida a producción", "Nada bloqueia a ida para produção", "Nothing holds it back";
    is_closed: "Falta para salir a producción: {1}", "Falta para ir para produção: {1}", "Still missing to go live: {1}";
    is_active: "En producción: las credenciales de producción funcionan", "Em produção: as credenciais de produção funcionam", "Live: the live credentials work";
    broken_since: "Ya no se cumple, de lo que bloquea: {1}", "Já não se cumpre, do que bloqueia: {1}", "No longer met, of what blocks: {1}";
    checked_at: "Verificado el {1}", "Verificado em {1}", "Checked on {1}";
    check: "Verificar", "Verificar", "Check now";
    check_again: "Verificar de nuevo", "Verificar de novo", "Check again";
    check_text: "La plataforma abre tu sitio y tus páginas, paga con hasta cuatro tarjetas de prueba rechazadas si la página tiene tu clave de prueba (tu tienda recibe otros tantos pedidos), y envía tres notificaciones a tu receptor.", "A plataforma abre seu site e suas páginas, paga com até quatro cartões de teste recusados se a página tem sua chave de teste (sua loja recebe o mesmo número de pedidos), e envia três notificações ao seu receptor.", "The platform opens your site and your pages, pays with up to four test cards that are refused where the page has your test key (your shop gets as many orders), and sends three notifications to your receiver.";
    too_soon: "Hay una verificación en curso o muy reciente. Probá de nuevo en {1} segundos.", "Há uma verificação em andamento ou muito recente. Tente de novo em {1} segundos.", "A check is running, or was just made. Try again in {1} seconds.";
    form_changed: "El formulario cambió durante la verificación. Verificá de nuevo.", "O formulário mudou durante a verificação. Verifique de novo.", "The form was changed during the check. Check again.";
    test_user: "Un usuario de prueba no cobra dinero real: sus aplicaciones no salen a producción.", "Um usuário de teste não recebe dinheiro real: suas aplicações não vão para produção.", "A test user takes no real money: its applications do not go live.";

    form: "Formulario", "Formulário", "The form";
    form_text: "Si cambia, las verificaciones se hacen de nuevo.", "Se mudar, as verificações são feitas de novo.", "When it changes, the checks are made anew.";
    industry: "Rubro", "Setor", "Industry";
    choose_one: "elegí uno", "escolha um", "choose one";
    production_site: "Sitio de producción", "Site de produção", "Production site";
    payment_page: "Página donde se paga", "Página em que se paga", "Page where buyers pay";
    payment_page_hint: "Si queda vacía, vale el sitio.", "Se ficar vazia, vale o site.", "If it is empty, the site counts.";
    approved_page: "Página después de un pago aprobado", "Página depois de um pagamento aprovado", "Page after an approval";
    rejected_page: "Página después de un rechazo", "Página depois de uma recusa", "Page after a refusal";
    result_hint: "No hace falta con Checkout Pro.", "Não é preciso com o Checkout Pro.", "Not needed with Checkout Pro.";
    accept_terms: "Acepto los términos y condiciones de la plataforma para cobrar dinero real.", "Aceito os termos e condições da plataforma para receber dinheiro real.", "I accept the platform's terms and conditions for taking real money.";
    accepted_at: "Aceptados el", "Aceitos em", "Accepted on";
    not_accepted: "no aceptados", "não aceitos", "not accepted";
    terms: "Términos y condiciones", "Termos e condições", "Terms and conditions";
    bad_address: "Escribí una dirección entera, que empiece con https://", "Escreva um endereço inteiro, que comece com https://", "Write a whole address that begins with https://";
    bad_industry: "Escribí hasta 100 caracteres.", "Escreva até 100 caracteres.", "Write at most 100 characters.";
    form_refused: "No se guardó: revisá los campos marcados.", "Não foi salvo: veja os campos marcados.", "It was not saved: look at the marked fields.";

    holding: "Bloquea la salida", "Bloqueia a ida", "Holds it back";
    advised: "Consejos", "Conselhos", "Advice";
    in_order: "En orden", "Em ordem", "In order";
    blocks: "bloquea", "bloqueia", "blocks";
    advises: "consejo", "conselho", "advice";
    missing: "Falta", "Falta", "Missing";
    evidence: "Se vio", "Foi visto", "Seen";
    remedy: "Qué hacer", "O que fazer", "What to do";
    why: "Por qué importa", "Por que importa", "Why it matters";
    to_form: "Ir al formulario", "Ir ao formulário", "Go to the form";
    to_quality: "Ir a Calidad", "Ir para Qualidade", "Go to Quality";
    passed: "cumple", "cumpre", "met";
    failed: "no cumple", "não cumpre", "not met";
    not_applicable: "no corresponde", "não se aplica", "does not apply";
    unknown: "no se pudo ver", "não foi possível ver", "could not be seen";

    seen: "Lo que vio la plataforma", "O que a plataforma viu", "What the platform saw";
    certificate: "Certificado del sitio", "Certificado do site", "The site's certificate";
    days_left: "vence en {1} días", "vence em {1} dias", "{1} days left";
    plain_http: "Sin cifrar (http)", "Sem cifra (http)", "Without encryption (http)";
    leads_to_https: "lleva a https", "leva a https", "leads to https";
    library: "Biblioteca en la página de pago", "Biblioteca na página de pagamento", "Library on the payment page";
    no_library: "ninguna", "nenhuma", "none";
    library_copies: "Copias de la biblioteca", "Cópias da biblioteca", "Copies of the library";
    card_inputs: "Campos de tarjeta de la página", "Campos de cartão da página", "The page's own card inputs";
    secure_fields: "campos seguros", "campos seguros", "secure fields";
    home_page: "Página de inicio", "Página inicial", "Home page";
    terms_page: "Términos del sitio", "Termos do site", "The site's terms";
    refused_card: "Tarjeta de prueba rechazada", "Cartão de teste recusado", "A test card that is refused";
    receiver: "Receptor de notificaciones", "Receptor de notificações", "Receiver of notifications";
    signed: "firmada", "assinada", "signed";
    repeated: "repetida", "repetida", "repeated";
    forged: "con firma falsa", "com assinatura falsa", "with a forged signature";

    decisions: "Decisiones", "Decisões", "Decisions";
    no_decision: "Todavía no hubo ninguna.", "Ainda não houve nenhuma.", "There was none yet.";
    activated: "Activada", "Ativada", "Activated";
    stopped: "Detenida", "Parada", "Stopped";
    by_gate: "las verificaciones", "as verificações", "the checks";
    by: "por", "por", "by";
    rests_on: "En qué se basa", "Em que se baseia", "What it rests on";
    rule: "Regla", "Regra", "Rule";
    result: "Resultado", "Resultado", "Result";

    test_mode: "Pruebas", "Testes", "Test";
    live_mode: "Producción", "Produção", "Live";
    modes: "De qué pagos", "De quais pagamentos", "Of which payments";
    score: "Puntaje", "Pontuação", "Score";
    of_points: "{1} de 100 puntos", "{1} de 100 pontos", "{1} of 100 points";
    approved: "Aprobada", "Aprovada", "Approved";
    not_approved: "No aprobada", "Não aprovada", "Not approved";
    needed: "Se necesitan {1}", "São necessários {1}", "{1} are needed";
    payment: "Pago", "Pagamento", "Payment";
    measured_at: "Medida el", "Medida em", "Measured on";
    product: "Producto", "Produto", "Product";
    manual: "a pedido", "a pedido", "by hand";
    automatic: "automática", "automática", "automatic";
    how: "Cómo", "Como", "How";
    no_measurement: "Todavía no hay ninguna medición de estos pagos.", "Ainda não há nenhuma medição destes pagamentos.", "There is no measurement of these payments yet.";
    by_aspect: "Por aspecto", "Por aspecto", "By aspect";
    buyer_experience: "Experiencia del comprador", "Experiência de compra", "Buyer experience";
    financial_reconciliation: "Conciliación financiera", "Conciliação financeira", "Financial reconciliation";
    payment_approval: "Aprobación de pagos", "Aprovação de pagamentos", "Payment approval";
    scalability: "Escalabilidad", "Escalabilidade", "Scalability";
    security: "Seguridad", "Segurança", "Security";
    findings: "Qué mejorar", "O que melhorar", "What to mend";
    nothing_to_mend: "Nada: se cumple todo.", "Nada: tudo se cumpre.", "Nothing: everything is met.";
    all_met: "Se cumple ({1})", "Cumpre-se ({1})", "Met ({1})";
    mandatory: "obligatoria", "obrigatória", "mandatory";
    recommended: "recomendada", "recomendada", "recommended";
    best_practice: "buena práctica", "boa prática", "best practice";
    points: "{1} puntos", "{1} pontos", "{1} points";
    effect: "Faltó en {1} de los últimos {2} rechazos y en {3} de {4} aprobaciones.", "Faltou em {1} das últimas {2} recusas e em {3} de {4} aprovações.", "Missing in {1} of the last {2} refusals, and in {3} of {4} approvals.";
    effect_risk: "Por prevención de fraude: {1} de {2}.", "Por prevenção de fraudes: {1} de {2}.", "Of those for risk of fraud: {1} of {2}.";
    measure: "Medir", "Medir", "Measure";
    measure_again: "Medir otra vez", "Medir de novo", "Measure again";
    measure_text: "Corregí, pagá de nuevo y medí: cuantas veces quieras. Cada mes la plataforma mide por su cuenta, del 1 al 7, y publica el 10.", "Corrija, pague de novo e meça: quantas vezes quiser. Todo mês a plataforma mede por conta própria, de 1 a 7, e publica no dia 10.", "Mend, pay again, and measure: as often as you like. The platform also measures by itself each month from the 1st to the 7th, and publishes on the 10th.";
    payment_number: "Número del pago", "Número do pagamento", "Payment number";
    payment_number_hint: "Si queda vacío, el más nuevo.", "Se ficar vazio, o mais novo.", "If it is empty, the newest.";
    by_rules_of: "Con las reglas de", "Com as regras de", "By the rules of";
    payment_tells: "lo que diga el pago", "o que o pagamento disser", "what the payment tells";
    no_such_payment: "No hay tal pago de esta aplicación.", "Não há esse pagamento desta aplicação.", "There is no such payment of this application.";
    no_payment: "Todavía no hay ningún pago para medir.", "Ainda não há nenhum pagamento para medir.", "There is no payment to measure by yet.";
    another_application: "Ese pago lo hizo otra aplicación.", "Esse pagamento foi feito por outra aplicação.", "That payment was made by another application.";
    measured: "Medida.", "Medida.", "Measured.";
    history: "Historia", "História", "History";
    history_chart: "Puntaje de {1}: {2} en {3} mediciones", "Pontuação de {1}: {2} em {3} medições", "Score of {1}: {2} in {3} measurements";
    from_to: "de {1} a {2}", "de {1} a {2}", "from {1} to {2}";
    the_bar: "mínimo: {1}", "mínimo: {1}", "the bar: {1}";
    as_table: "Ver como tabla", "Ver como tabela", "Show as a table";
    not_measured: "sin medir", "sem medir", "not measured";
    newest_shown: "Esta es una medición anterior.", "Esta é uma medição anterior.", "This is an earlier measurement.";
    show_newest: "Ver la más nueva", "Ver a mais nova", "Show the newest";

    industry_art: "Arte", "Arte", "Art";
    industry_automotive: "Automotor", "Automotivo", "Automotive";
    industry_beauty: "Belleza", "Beleza", "Beauty";
    industry_books: "Libros", "Livros", "Books";
    industry_computing: "Informática", "Informática", "Computing";
    industry_donations: "Donaciones", "Doações", "Donations";
    industry_education: "Educación", "Educação", "Education";
    industry_electronics: "Electrónica", "Eletrônicos", "Electronics";
    industry_entertainment: "Entretenimiento", "Entretenimento", "Entertainment";
    industry_fashion: "Moda", "Moda", "Fashion";
    industry_food: "Alimentos", "Alimentos", "Food";
    industry_government: "Servicios públicos", "Serviços públicos", "Government";
    industry_health: "Salud", "Saúde", "Health";
    industry_home: "Hogar", "Casa", "Home";
    industry_services: "Servicios", "Serviços", "Services";
    industry_software: "Software", "Software", "Software";
    industry_sports: "Deportes", "Esportes", "Sports";
    industry_tickets: "Entradas", "Ingressos", "Tickets";
    industry_travel: "Viajes", "Viagens", "Travel";
    industry_others: "Otros", "Outros", "Others";

    home_not_live: "Todavía no está en producción. Falta: {1}.", "Ainda não está em produção. Falta: {1}.", "Not live yet. Still missing: {1}.";
    home_not_declared: "Todavía no está en producción: completá el formulario y pedí la verificación.", "Ainda não está em produção: preencha o formulário e peça a verificação.", "Not live yet: fill in the form and ask for the checks.";
    home_low_score: "La calidad está bajo el mínimo: {1} de {2} puntos necesarios.", "A qualidade está abaixo do mínimo: {1} de {2} pontos necessários.", "The quality is below the bar: {1} of the {2} points that are needed.";
    home_still_used: "Las credenciales anteriores, usadas por última vez el {1}, dejan de funcionar el", "As credenciais anteriores, usadas pela última vez em {1}, deixam de funcionar em", "The credentials before the current ones, last used on {1}, stop working on";
    home_paused: "Las notificaciones a {1} están en pausa: el receptor falla hace días. Lo pendiente se guarda hasta que las reanudes.", "As notificações para {1} estão pausadas: o receptor falha há dias. O pendente fica guardado até você retomá-las.", "Notifications to {1} are paused: the receiver has failed for days. What is due is held until you resume them.";
    resume: "Reanudar", "Retomar", "Resume";
    resumed: "Reanudadas.", "Retomadas.", "Resumed.";
}

impl IntegrationWords {
    /// An industry of the list; what is not on it, as it is.
    pub fn industry_named<'n>(&self, name: &'n str) -> &'n str {
        match name {
            "art" => self.industry_art,
            "automotive" => self.industry_automotive,
            "beauty" => self.industry_beauty,
            "books" => self.industry_books,
            "computing" => self.industry_computing,
            "donations" => self.industry_donations,
            "education" => self.industry_education,
            "electronics" => self.industry_electronics,
            "entertainment" => self.industry_entertainment,
            "fashion" => self.industry_fashion,
            "food" => self.industry_food,
            "government" => self.industry_government,
            "health" => self.industry_health,
            "home" => self.industry_home,
            "services" => self.industry_services,
            "software" => self.industry_software,
            "sports" => self.industry_sports,
            "tickets" => self.industry_tickets,
            "travel" => self.industry_travel,
            "others" => self.industry_others,
            other => other,
        }
    }
}
