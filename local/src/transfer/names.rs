//! Names of people of many countries: as they are written, and in the letters of addresses.

/// Given names.
pub const GIVEN: [(&str, &str); 72] = [
    ("Aaliyah", "aaliyah"), ("Aarav", "aarav"), ("Adaeze", "adaeze"), ("Agnieszka", "agnieszka"), ("Ahmed", "ahmed"),
    ("Aiko", "aiko"), ("Alejandro", "alejandro"), ("Ana", "ana"), ("André", "andre"), ("Anh", "anh"),
    ("Aoife", "aoife"), ("Bảo", "bao"), ("Björn", "bjorn"), ("Camille", "camille"), ("Carlos", "carlos"),
    ("Chiara", "chiara"), ("Chloé", "chloe"), ("Daniel", "daniel"), ("David", "david"), ("Дмитрий", "dmitri"),
    ("Elif", "elif"), ("Emma", "emma"), ("Eszter", "eszter"), ("Fatima", "fatima"), ("Femi", "femi"),
    ("François", "francois"), ("Gabriel", "gabriel"), ("Giulia", "giulia"), ("Hana", "hana"), ("Hassan", "hassan"),
    ("Ingrid", "ingrid"), ("Ivan", "ivan"), ("Jan", "jan"), ("Jean", "jean"), ("João", "joao"),
    ("John", "john"), ("José", "jose"), ("Jürgen", "juergen"), ("Kwame", "kwame"), ("Lars", "lars"),
    ("Léa", "lea"), ("Linh", "linh"), ("Lukas", "lukas"), ("María", "maria"), ("Mary", "mary"),
    ("Mateo", "mateo"), ("Mehmet", "mehmet"), ("Mei", "mei"), ("Michael", "michael"), ("Min-jun", "minjun"),
    ("Mohammed", "mohammed"), ("Νίκος", "nikos"), ("Noah", "noah"), ("Olga", "olga"), ("Olivia", "olivia"),
    ("Oluwaseun", "oluwaseun"), ("Paweł", "pawel"), ("Priya", "priya"), ("Rahul", "rahul"), ("Ravi", "ravi"),
    ("Sakura", "sakura"), ("Siobhán", "siobhan"), ("Sofía", "sofia"), ("Søren", "soren"), ("田中", "tanaka"),
    ("Tomáš", "tomas"), ("Wei", "wei"), ("Yusuf", "yusuf"), ("Zanele", "zanele"), ("Zoë", "zoe"),
    ("عمر", "omar"), ("נועה", "noa"),
];

/// Names of families.
pub const FAMILY: [(&str, &str); 72] = [
    ("Abe", "abe"), ("Ackermann", "ackermann"), ("Adeyemi", "adeyemi"), ("Ahmed", "ahmed"), ("Åkesson", "akesson"),
    ("Andersson", "andersson"), ("Bauer", "bauer"), ("Begum", "begum"), ("Bianchi", "bianchi"), ("Brown", "brown"),
    ("Çelik", "celik"), ("Chen", "chen"), ("Cohen", "cohen"), ("Costa", "costa"), ("Da Silva", "dasilva"),
    ("De Vries", "devries"), ("Diallo", "diallo"), ("Dubois", "dubois"), ("Fernández", "fernandez"), ("Fischer", "fischer"),
    ("García", "garcia"), ("González", "gonzalez"), ("Gupta", "gupta"), ("Hansen", "hansen"), ("Hernández", "hernandez"),
    ("Horvat", "horvat"), ("Иванов", "ivanov"), ("Jensen", "jensen"), ("Johnson", "johnson"), ("Jones", "jones"),
    ("Kamau", "kamau"), ("Khan", "khan"), ("Kim", "kim"), ("Kovács", "kovacs"), ("Kowalski", "kowalski"),
    ("Kumar", "kumar"), ("Lee", "lee"), ("Li", "li"), ("López", "lopez"), ("Martin", "martin"),
    ("Mensah", "mensah"), ("Moreau", "moreau"), ("Müller", "mueller"), ("Murphy", "murphy"), ("Nagy", "nagy"),
    ("Nguyễn", "nguyen"), ("Nielsen", "nielsen"), ("Novák", "novak"), ("O'Brien", "obrien"), ("Okafor", "okafor"),
    ("Παπαδόπουλος", "papadopoulos"), ("Patel", "patel"), ("Pereira", "pereira"), ("Popescu", "popescu"), ("Rossi", "rossi"),
    ("Santos", "santos"), ("Sato", "sato"), ("Schmidt", "schmidt"), ("Sharma", "sharma"), ("Silva", "silva"),
    ("Singh", "singh"), ("Smith", "smith"), ("Suzuki", "suzuki"), ("Tanaka", "tanaka"), ("Tran", "tran"),
    ("Van Dijk", "vandijk"), ("Wang", "wang"), ("Weber", "weber"), ("Yılmaz", "yilmaz"), ("Zhang", "zhang"),
    ("山本", "yamamoto"), ("Ødegård", "odegard"),
];

/// Where most have their mail.
pub const LARGE: [&str; 12] = [
    "mail.example", "inbox.example", "post.example", "webmail.example", "letters.example.org", "users.example.net",
    "mailbox.example.com", "correo.example", "courrier.example", "posta.example", "pochta.example", "youjian.example",
];

/// What the domains of firms are called.
pub const FIRMS: [&str; 16] = [
    "acme", "baltic", "cobalt", "delta", "ember", "fjord", "granite", "harbour", "indigo", "juniper", "kestrel", "lumen",
    "meridian", "nordwind", "orchard", "pinnacle",
];

pub const CITIES: [(&str, &str); 12] = [
    ("Germany", "Kiel"), ("Brazil", "São Paulo"), ("Nigeria", "Lagos"), ("India", "Pune"), ("Japan", "大阪"),
    ("France", "Lyon"), ("Mexico", "Mérida"), ("Poland", "Łódź"), ("Kenya", "Mombasa"), ("Canada", "Montréal"),
    ("Vietnam", "Huế"), ("Greece", "Πάτρα"),
];
